/** Events of agents that are written in more than one place. */
import { instanceStream, type Lifecycle } from '../../kernel/agent.ts'
import type { NewEvent } from '../../kernel/event.ts'
import type { JsonObject } from '../../kernel/json.ts'
import { type Label, SYSTEM } from '../../kernel/label.ts'
import type { StreamAppend } from '../../ports/event-log.ts'

/** Who writes a state anew without somebody who was erased. */
export const STATE_ERASER = 'erasure'

export const SET_ASIDE_ALERT = 'event-set-aside'

export interface SetAsideRecord {
  readonly agent: string
  readonly key: string
  readonly position: number
  /** The run that failed, if one did. */
  readonly run: string | null
  readonly error: JsonObject
}

export function setAsideEvent({ agent, position, run, error }: Omit<SetAsideRecord, 'key'>): NewEvent {
  return {
    kind: 'agent.set-aside',
    actor: `agent:${agent}`,
    label: SYSTEM,
    cause: position,
    correlation: run,
    body: { position, run, error },
  }
}

/** The event is set aside, the next one's turn comes; and the operator is told. The first part is the instance's own. */
export function setAsideParts(record: SetAsideRecord): StreamAppend[] {
  const { agent, key, position, error } = record
  const message = `Agent ${agent} could not handle event ${position} for ${key}: ${error.message ?? ''}`
  return [
    { stream: instanceStream(agent, key), expectedVersion: 'any', events: [setAsideEvent(record)] },
    alertPart('alert.raised', agent, key, position, { message }),
  ]
}

export function alertPart(
  kind: 'alert.raised' | 'alert.cleared',
  agent: string,
  key: string,
  position: number,
  body: JsonObject = {},
): StreamAppend {
  const subject = `${agent}/${key}@${position}`
  const event: NewEvent = {
    kind,
    actor: `agent:${agent}`,
    label: SYSTEM,
    cause: position,
    body: { alert: SET_ASIDE_ALERT, subject, ...body },
  }
  return { stream: `alert/${SET_ASIDE_ALERT}/${subject}`, expectedVersion: 'any', events: [event] }
}

export function lifecycleEvent(
  body: { readonly lifecycle: Lifecycle; readonly reason: string },
  by: { readonly actor: string; readonly label: Label },
): NewEvent {
  return { kind: 'agent.lifecycle-changed', body: { ...body }, ...by }
}

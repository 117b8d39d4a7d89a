/** What is put on record when the events of a trigger start a run, or can't. */

import { HoldfastError, isHoldfastError, toErrorRecord } from '../../kernel/errors.ts'
import type { NewEvent, StoredEvent } from '../../kernel/event.ts'
import { toJson } from '../../kernel/json.ts'
import { joinLabels, SYSTEM } from '../../kernel/label.ts'
import { earliest, outsideSince } from '../../kernel/outside.ts'
import { runStream } from '../../kernel/run-stream.ts'
import { validate } from '../../kernel/schema.ts'
import type { StreamAppend } from '../../ports/event-log.ts'
import { raiseAlert } from '../alert-index.ts'
import { assertOn } from '../life/switches.ts'
import { toReceived } from '../perform/publish.ts'
import { recordJson } from '../run-errors.ts'
import type { Runtime } from '../runtime.ts'
import type { AnyTrigger } from './trigger.ts'
import { TRIGGER_STREAM } from './trigger-index.ts'

export type FiringHost = Pick<Runtime, 'log' | 'clock' | 'workflows' | 'startPart' | 'flags'>

export interface Firing {
  /** For the stream of the trigger. */
  readonly own: readonly NewEvent[]
  readonly others: readonly StreamAppend[]
}

export interface Together {
  /** null where they were not gathered. */
  readonly key: string | null
  /** The oldest first; not empty. */
  readonly events: readonly StoredEvent[]
}

export const SET_ASIDE_ALERT = 'trigger-set-aside'

/** One run for these events, or that they are set aside: it can't be started, or a flag has it switched off, which is no trouble. */
export async function fire(host: FiringHost, trigger: AnyTrigger, group: Together): Promise<Firing> {
  try {
    return await start(host, trigger, group)
  } catch (error) {
    const firing = setAside(trigger, group, error)
    const isOff = isHoldfastError(error) && error.code === 'FLAG_OFF'
    return isOff ? { own: firing.own, others: [] } : firing
  }
}

/** @throws what the trigger's code throws, INPUT_INVALID, FLAG_OFF, BODY_ERASED when nothing is left of the events */
export async function start(
  host: FiringHost,
  { name, workflow: asked, input }: AnyTrigger,
  { key, events }: Together,
): Promise<Firing> {
  const left = events.filter(({ body }) => body !== null)
  if (left.length === 0)
    throw new HoldfastError('BODY_ERASED', `The bodies of events ${positionsOf(events)} were erased`)
  const workflow = host.workflows.get(asked.name, asked.version)
  const about = key ?? left.map((event) => toReceived(event).key).find(Boolean) ?? null
  await assertOn(host, { what: 'workflow', name: workflow.name, customer: about })
  const json = toJson(input(left.map(toReceived)), `input of trigger ${name}`)
  await validate(workflow.input, json, `Input of ${workflow.name}`)
  const run = `${TRIGGER_STREAM}${name}/${lastOf(events)}`
  const actor = `trigger:${name}`
  const label = left.map((event) => event.label).reduce(joinLabels)
  const externalSince = earliest(...left.map(outsideSince))
  const part = host.startPart({ run, workflow, input: json, actor, label, externalSince })
  const positions = positionsOf(events)
  const started = part.events.map((one) => ({
    ...one,
    body: { ...one.body, triggered: { name, positions } },
  }))
  const fired: NewEvent = {
    kind: 'trigger.fired',
    actor,
    label: SYSTEM,
    cause: lastOf(events),
    correlation: run,
    body: { ...(key === null ? {} : { key }), positions },
  }
  // A run that somebody has started under this id is the one.
  const isThere = host.log.versionOf(runStream(run)) > 0
  return { own: [fired], others: isThere ? [] : [{ ...part, events: started }] }
}

export function setAside({ name }: AnyTrigger, { key, events }: Together, error: unknown): Firing {
  const record = toErrorRecord(error, 'TRIGGER_FAILED')
  const positions = positionsOf(events)
  const last = lastOf(events)
  const event: NewEvent = {
    kind: 'trigger.set-aside',
    actor: `trigger:${name}`,
    label: SYSTEM,
    cause: last,
    body: { ...(key === null ? {} : { key }), positions, error: recordJson(record) },
  }
  const message = `Trigger ${name} could not start a run for event ${positions.join(', ')}: ${record.message}`
  return { own: [event], others: [raiseAlert(SET_ASIDE_ALERT, `${name}@${last}`, message)] }
}

function positionsOf(events: readonly StoredEvent[]): number[] {
  return events.map(({ position }) => position)
}

/** Position of the last of them, which names the run. */
function lastOf(events: readonly StoredEvent[]): number {
  return Math.max(...positionsOf(events))
}

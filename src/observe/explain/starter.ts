/** Who or what started a run, as its first event says. */
import { fromStream } from '../../kernel/agent.ts'
import type { StoredEvent } from '../../kernel/event.ts'
import type { JsonObject } from '../../kernel/json.ts'

export interface Starter {
  readonly by: 'trigger' | 'schedule' | 'agent' | 'parent' | 'chain' | 'fork' | 'actor'
  /** Of the trigger, the schedule or the agent; id of the other run; else the actor. */
  readonly name: string
  /** Fits after "started by": `the trigger new-order, for event #17`. */
  readonly words: string
  /** Of the published events that it was started for. */
  readonly positions: readonly number[]
  /** What shows it, without the name of the program; null for an actor. */
  readonly command: string | null
}

/** By the first of these that the run is; the header tells also of a run whose bodies were erased. */
export function starterOf(run: string, { actor, body }: Pick<StoredEvent, 'actor' | 'body'>): Starter {
  const part = (name: string): JsonObject | null => (body?.[name] as JsonObject | undefined) ?? null
  const [kind, named] = split(actor)
  const fork = part('forkedFrom')
  if (fork !== null) return otherRun('fork', String(fork.run), `${actor}, as a fork of the run`)
  if (typeof body?.continued === 'string') return otherRun('chain', body.continued, 'the run before it,')
  const parent = part('parent')
  if (parent !== null) return otherRun('parent', String(parent.run), `"${parent.name}" of its parent run`)
  if (kind === 'trigger') {
    const positions = (part('triggered')?.positions ?? []) as number[]
    return starter('trigger', named, `the trigger ${named}${eventsOf(positions)}`, 'triggers', positions)
  }
  if (kind === 'schedule') {
    const at = part('scheduled')?.at
    const time = typeof at === 'number' ? `, for ${new Date(at).toISOString()}` : ''
    return starter('schedule', named, `the schedule ${named}${time}`, 'schedules')
  }
  if (kind === 'agent') {
    const { key } = fromStream(run)
    const position = Number(/@(\d+)(?:#\d+)?$/.exec(key ?? '')?.[1] ?? 0)
    const positions = position > 0 ? [position] : []
    const words = `the agent ${named}, to handle${eventsOf(positions, '') || ' an event'}`
    return starter('agent', named, words, `agent show ${named}`, positions)
  }
  return starter('actor', actor, actor, null)
}

function starter(
  by: Starter['by'],
  name: string,
  words: string,
  command: string | null,
  positions: readonly number[] = [],
): Starter {
  return { by, name, words, positions, command }
}

function otherRun(by: Starter['by'], run: string, words: string): Starter {
  return starter(by, run, `${words} ${run}`, `why ${run}`)
}

function split(actor: string): [kind: string, name: string] {
  const colon = actor.indexOf(':')
  return colon < 0 ? ['', actor] : [actor.slice(0, colon), actor.slice(colon + 1)]
}

function eventsOf(positions: readonly number[], before = ', for'): string {
  if (positions.length === 0) return ''
  const most = 3
  const shown = positions.slice(0, most).map((position) => `#${position}`)
  const more = positions.length > most ? ` and ${positions.length - most} more` : ''
  return `${before} ${positions.length === 1 ? 'event' : 'events'} ${shown.join(', ')}${more}`
}

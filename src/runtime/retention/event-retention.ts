/**
 * Erases published events that are older than the operator's rules say. One is kept as long as somebody may still
 * look at it:
 *
 * - an agent, or a trigger, that takes its kind and has not come so far; one whose mailbox or gathering it is in;
 *   one that has set it aside, as it may be tried again;
 * - a run that has not ended and began before it, if any run has ever waited for its kind: waits look back.
 */
import type { StoredEvent } from '../../kernel/event.ts'
import type { EventLog } from '../../ports/event-log.ts'
import type { TablesReader } from '../../ports/projection.ts'
import { awaitedKinds, publishedPages } from '../delivery/published-index.ts'
import type { Erasing, EventRule } from './retention.ts'

/** Events looked at between two turns of the event loop, and erased in one commit. */
const PAGE = 500

export interface EventErasure {
  readonly erased: number
  /** Due, but kept as somebody may still look at them. */
  readonly held: number
}

/** The first rule that names the kind of an event decides. */
export async function eraseEvents(
  log: EventLog,
  rules: readonly EventRule[],
  { now, dryRun, signal }: Erasing,
): Promise<EventErasure> {
  const total = { erased: 0, held: 0 }
  const longest = Math.min(...rules.map(({ afterMs }) => afterMs ?? Number.POSITIVE_INFINITY))
  if (longest === Number.POSITIVE_INFINITY) return total
  const afterOf = (kind: string): number =>
    rules.find(({ events }) => events === '*' || events === kind)?.afterMs ?? Number.POSITIVE_INFINITY
  let lookers = lookersOf(log.tables)
  for (const rows of publishedPages(log.tables, lastBefore(log, now - longest), PAGE)) {
    if (signal?.aborted) break
    const wanted = rows.filter(({ kind }) => afterOf(kind) < Number.POSITIVE_INFINITY)
    const events = wanted.flatMap(({ position }) => log.event(position) ?? [])
    const due = events.filter(({ body, time }) => body !== null && time + afterOf(String(body.kind)) <= now)
    const look = (): number[] => {
      if (definitionsOf(log.tables) !== lookers.definitions) lookers = lookersOf(log.tables)
      const isHeld = heldBy(log.tables, lookers)
      return due.filter((event) => !isHeld(event)).map(({ position }) => position)
    }
    let positions = look()
    if (!dryRun && positions.length > 0) {
      const by = { actor: 'retention', reason: 'kept as long as the policy says' }
      await log.erase(() => {
        positions = look()
        return { positions }
      }, by)
    }
    total.held += due.length - positions.length
    total.erased += positions.length
    await new Promise((resolve) => setImmediate(resolve))
  }
  return total
}

/** Position up to which events are as old as that; a clock that was set back may have it a little off. */
function lastBefore(log: EventLog, time: number): number {
  let [from, to] = [0, log.head().position]
  while (from < to) {
    const middle = Math.ceil((from + to) / 2)
    if ((log.event(middle)?.time ?? 0) <= time) from = middle
    else to = middle - 1
  }
  return from
}

interface Looker {
  readonly name: string
  readonly kinds: readonly string[]
  readonly cursor: number
}

interface Lookers {
  /** What agents and triggers there are, and the kinds that they take. */
  readonly definitions: string
  readonly agents: readonly Looker[]
  readonly triggers: readonly Looker[]
  /** Positions of what waits, is gathered, is being handled or was set aside. */
  readonly taken: ReadonlySet<number>
}

function definitionsOf(tables: TablesReader): string {
  const sql = `SELECT name, kinds FROM agents WHERE lifecycle <> 'retired' UNION ALL SELECT name, kind FROM triggers`
  return JSON.stringify(tables.all(sql))
}

/**
 * As they are now; from here on they only come further, and take nothing up again that they have done with, until
 * another agent or trigger is defined.
 */
function lookersOf(tables: TablesReader): Lookers {
  const taken = new Set<number>()
  for (const { position } of tables.iterate<{ position: number }>(
    `SELECT position FROM agents_mailbox
     UNION ALL SELECT position FROM agents_set_aside
     UNION ALL SELECT run_position FROM agents_instances WHERE run_position IS NOT NULL
     UNION ALL SELECT position FROM triggers_gathered
     UNION ALL SELECT one.value FROM triggers_set_aside, json_each(triggers_set_aside.positions) AS one`,
  ))
    taken.add(position)
  const agents = tables
    .all<{ name: string; kinds: string; cursor: number }>(
      "SELECT name, kinds, cursor FROM agents WHERE lifecycle <> 'retired'",
    )
    .map(({ kinds, ...row }) => ({ ...row, kinds: JSON.parse(kinds) as string[] }))
  const triggers = tables
    .all<{ name: string; kind: string; cursor: number }>('SELECT name, kind, cursor FROM triggers')
    .map(({ kind, ...row }) => ({ ...row, kinds: [kind] }))
  return { definitions: definitionsOf(tables), agents, triggers, taken }
}

function heldBy(tables: TablesReader, { agents, triggers, taken }: Lookers): (event: StoredEvent) => boolean {
  const since = openSince(tables)
  const awaited = awaitedKinds(tables)
  return ({ position, body }) => {
    const kind = String(body?.kind)
    const takers =
      body?.to === undefined
        ? [...agents, ...triggers].filter(({ kinds }) => kinds.includes(kind))
        : agents.filter(({ name }) => name === body.to)
    const isAhead = takers.some(({ cursor }) => cursor < position)
    return isAhead || taken.has(position) || (position > since && awaited.has(kind))
  }
}

const OPEN = "('queued', 'running', 'waiting', 'stalled')"

/** Position behind which the waits of some run that has not ended may look: its own, its chain's, its source's. */
function openSince(tables: TablesReader): number {
  const row = tables.get<{ since: number | null }>(
    `WITH RECURSIVE sources (run) AS (
       SELECT source FROM forks JOIN runs ON runs.id = forks.run WHERE runs.status IN ${OPEN}
       UNION SELECT forks.source FROM forks JOIN sources ON sources.run = forks.run
     )
     SELECT min(position) AS since FROM (
       SELECT min(position) AS position FROM runs WHERE status IN ${OPEN}
       UNION ALL SELECT min(first.position) FROM runs JOIN runs AS first ON first.id = runs.chain
         WHERE runs.status IN ${OPEN}
       UNION ALL SELECT min(runs.position) FROM runs JOIN sources ON sources.run = runs.id
     )`,
  )
  return row?.since ?? Number.POSITIVE_INFINITY
}

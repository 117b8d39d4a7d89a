/**
 * Erases somebody from the log: the bodies of all events that are about them, what came with these, and their names
 * in whatever is kept, in one commit. What is found in the records of others is a *mention*, and stays unless
 * mentions are erased too: erasing one person must not take away what another said.
 *
 * Why: docs/decisions/0048-erasing-a-person.md
 */

import { fromStream, instanceStream } from '../../kernel/agent.ts'
import type { CarriedState } from '../../kernel/agent-state.ts'
import { HoldfastError, isHoldfastError } from '../../kernel/errors.ts'
import type { NewEvent, StoredEvent } from '../../kernel/event.ts'
import { canonicalJson, type JsonObject } from '../../kernel/json.ts'
import { mapTexts } from '../../kernel/json-texts.ts'
import { sinceBody } from '../../kernel/outside.ts'
import { RUN_STREAM, runOf, runStream } from '../../kernel/run-stream.ts'
import type { EventLog, StreamAppend } from '../../ports/event-log.ts'
import type { TablesReader } from '../../ports/projection.ts'
import { type InstanceRow, readInstance, readState } from '../agents/instances.ts'
import { STATE_ERASER } from '../agents/records.ts'
import { REVIEW_STREAM } from '../reviews/review-index.ts'
import { isOpen, runsAbout } from './runs-about.ts'
import { type Sight, type Subject, sightOf } from './subject.ts'

export interface EraseSubjectOptions {
  readonly subject: Subject
  readonly actor: string
  /** Why, for the record; names of the subject in it are replaced. */
  readonly reason: string
  /** Also what others said of them. */
  readonly mentions: boolean
  /** What else goes on record. */
  readonly note?: JsonObject
}

/** What of the log is about a subject. */
export interface Found {
  readonly runs: readonly string[]
  /** Runs that have not ended: those about them and, if mentions count, those of others that name them. */
  readonly open: readonly string[]
  readonly positions: readonly number[]
  /** Events of others that name them. */
  readonly mentions: readonly Mention[]
  /** Instances of agents that are about more than them, and whose states hold something of them. */
  readonly shared: readonly { readonly agent: string; readonly key: string }[]
}

export interface Mention {
  readonly position: number
  readonly stream: string
}

/** Whose words or work it is that names the subject; all other events that name them are theirs. */
const OF_OTHERS = /^(?:run|mail|customer|playbook)\/|^flags$/

export function findSubject(log: EventLog, subject: Subject, withMentions = false): Found {
  const sight = sightOf(subject)
  const runs = runsAbout(log, subject, sight)
  const reviews = [...runs.all].flatMap((run) => reviewsOf(log.tables, run))
  const streams = new Set([...subject.streams, ...[...runs.all].map(runStream), ...reviews])
  const shared = new Map<string, { agent: string; key: string }>()
  const positions: number[] = []
  const mentions: Mention[] = []
  for (const event of log.read()) {
    const { position, stream, kind, body, correlation } = event
    if (body === null || kind === 'bodies.erased') continue
    const isTheirs = streams.has(stream) || (correlation !== null && runs.all.has(correlation))
    if (kind === 'agent.handled' && !isKeyedBy(stream, sight)) {
      if (!isTheirs && !sight.isAbout(JSON.stringify(body))) continue
      const { agent, key } = fromStream(stream)
      shared.set(stream, { agent, key: key ?? '' })
    } else if (isTheirs || isKeyedBy(stream, sight)) positions.push(position)
    else if (!sight.isAbout(JSON.stringify(body))) continue
    else if (OF_OTHERS.test(stream)) mentions.push({ position, stream })
    else positions.push(position)
  }
  const naming = withMentions ? openAmong(log.tables, mentions) : []
  const open = [...new Set([...runs.open, ...naming])]
  return { runs: [...runs.all], open, positions, mentions, shared: [...shared.values()] }
}

/** What was done about the reviews of a run before they were answered. */
function reviewsOf(tables: TablesReader, run: string): string[] {
  return tables
    .all<{ id: string }>('SELECT id FROM reviews WHERE run = ?', run)
    .map(({ id }) => REVIEW_STREAM + id)
}

function openAmong(tables: TablesReader, mentions: readonly Mention[]): string[] {
  const runs = mentions.filter(({ stream }) => stream.startsWith(RUN_STREAM))
  return runs.map(({ stream }) => runOf(stream)).filter((run) => isOpen(tables, run))
}

/** An instance of an agent, an alert, a published event: whatever has a name of theirs in its own. */
function isKeyedBy(stream: string, sight: Sight): boolean {
  if (OF_OTHERS.test(stream) && !stream.startsWith(RUN_STREAM)) return false
  return sight.isAbout(stream)
}

export interface Erasures {
  /** Bodies. */
  readonly events: number
  readonly blobs: number
  readonly runs: number
  /** Shared states of agents that were written anew without them. */
  readonly states: number
}

/** A state that names them came to the log after the states were written anew: once more, then. */
const MOVED = new Error('a state was on its way to the log')
/** So often at most: a state of which parts were erased before can't be written anew. */
const ATTEMPTS = 5

/** @throws CUSTOMER_BUSY when runs about them have not ended */
export async function eraseSubject(log: EventLog, options: EraseSubjectOptions): Promise<Erasures> {
  let states = 0
  for (let attempt = 1; ; attempt += 1) {
    const { renewed, erased } = await tryToErase(log, options, attempt === ATTEMPTS)
    states += renewed
    if (erased !== null) return { ...erased, states }
  }
}

/** `erased` is null where it is to be tried once more. */
type Attempt = { readonly renewed: number; readonly erased: Omit<Erasures, 'states'> | null }

async function tryToErase(log: EventLog, options: EraseSubjectOptions, isLast: boolean): Promise<Attempt> {
  const { subject, actor, reason, mentions, note } = options
  const sight = sightOf(subject)
  const before = findSubject(log, subject, mentions)
  if (before.open.length > 0) throw busy(before.open)
  const renewed = await renewStates(log, before, sight)
  const look = () => {
    const found = findSubject(log, subject)
    const said = mentions ? found.mentions.map(({ position }) => position) : []
    return { found, positions: [...found.positions, ...pastOf(log, found), ...said] }
  }
  let { found, positions } = look()
  const runs = () => found.runs.length
  if (positions.length === 0 && !isKept(log, sight))
    return { renewed, erased: { events: 0, blobs: 0, runs: runs() } }
  // What was on its way to the log is on record by then: a run that has begun about them, or a mail of theirs.
  const what = () => {
    ;({ found, positions } = look())
    if (found.open.length > 0) throw busy(found.open)
    if (!isLast && isStateLeft(log, found, sight)) throw MOVED
    return { positions, runs: found.runs, replace: sight.replace, ...(note === undefined ? {} : { note }) }
  }
  try {
    const { events, blobs } = await log.erase(what, { actor, reason })
    return { renewed, erased: { events, blobs, runs: runs() } }
  } catch (error) {
    if (error !== MOVED) throw error
    return { renewed, erased: null }
  }
}

/** Whether a state that others share names them since it was last on record whole. */
function isStateLeft(log: EventLog, { shared }: Found, sight: Sight): boolean {
  return shared.some(({ agent, key }) => {
    const whole = readInstance(log, agent, key)?.whole ?? 0
    return log
      .readStream(instanceStream(agent, key))
      .some(
        ({ kind, version, body }) =>
          kind === 'agent.handled' &&
          version >= whole &&
          body !== null &&
          sight.isAbout(JSON.stringify(body)),
      )
  })
}

/** The state as it is, without them, goes on record whole, so that nothing before it is needed any more. */
async function renewStates(log: EventLog, { shared }: Found, sight: Sight): Promise<number> {
  let renewed = 0
  for (const { agent, key } of shared) {
    const row = readInstance(log, agent, key)
    const carried = row === undefined ? null : stateOrNull(log, agent, row)
    if (row === undefined || carried === null) continue
    const state = mapTexts(carried.state, sight.scrub)
    if (row.whole === row.version && canonicalJson(state) === canonicalJson(carried.state)) continue
    await log.append([renewal(agent, row, { ...carried, state })])
    renewed += 1
  }
  return renewed
}

/** null also for a state of which parts were erased: there is nothing to be written anew. */
function stateOrNull(log: EventLog, agent: string, row: InstanceRow): CarriedState | null {
  try {
    return readState(log, agent, row)
  } catch (error) {
    if (!isHoldfastError(error) || error.code !== 'BODY_ERASED') throw error
    return null
  }
}

function renewal(
  agent: string,
  row: InstanceRow,
  { state, agentVersion, label, externalSince }: CarriedState,
): StreamAppend {
  const event: NewEvent = {
    kind: 'agent.handled',
    actor: STATE_ERASER,
    label,
    cause: row.through,
    body: { version: agentVersion, handled: row.handled, count: 0, ...sinceBody(externalSince), state },
  }
  return { stream: instanceStream(agent, row.key), expectedVersion: row.version, events: [event] }
}

/** What the shared states were, up to the newest whole one. */
function pastOf(log: EventLog, { shared }: Found): number[] {
  return shared.flatMap(({ agent, key }) => {
    const whole = readInstance(log, agent, key)?.whole ?? 0
    const isPast = ({ kind, version, body }: StoredEvent) =>
      kind === 'agent.handled' && version < whole && body !== null
    return log
      .readStream(instanceStream(agent, key))
      .filter(isPast)
      .map(({ position }) => position)
  })
}

/** Whether headers name them, or what earlier erasures have left of a run or an event. */
function isKept(log: EventLog, sight: Sight): boolean {
  for (const { stream, correlation, actor, label, kind, body } of log.read()) {
    const left = kind === 'bodies.erased' ? JSON.stringify(body) : ''
    if (sight.isNamed([stream, correlation ?? '', actor, ...label.sources, left].join('\n'))) return true
  }
  return false
}

function busy(open: readonly string[]): HoldfastError {
  return new HoldfastError(
    'CUSTOMER_BUSY',
    `Runs about them have not ended: ${open.slice(0, 10).join(', ')}${open.length > 10 ? ` and ${open.length - 10} more` : ''}`,
    { details: { runs: [...open] } },
  )
}

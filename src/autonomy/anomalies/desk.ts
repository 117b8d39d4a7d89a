/**
 * Finds anomalies, puts them on record, and knows who is in quarantine. What ended, and what models cost, is judged by
 * the very event that was folded; effects are judged before they are allowed (`effect-watch.ts`). What a stop has left
 * unjudged is found when the log is next opened, since the tables say the same as before.
 *
 * Why: docs/decisions/0051-anomalies.md
 */

import { hash } from 'node:crypto'
import { HoldfastError } from '../../kernel/errors.ts'
import type { StoredEvent } from '../../kernel/event.ts'
import { RUN_ENDS } from '../../kernel/journal.ts'
import type { Json, JsonObject } from '../../kernel/json.ts'
import { OWNER, SYSTEM } from '../../kernel/label.ts'
import { runOf } from '../../kernel/run-stream.ts'
import type { Anomalies, Anomaly, AnomalySettings, Finding, Normal } from '../../ports/anomalies.ts'
import type { StreamAppend } from '../../ports/event-log.ts'
import type { AutonomyOptions } from '../options.ts'
import { type Counted, HOUR_MS } from './anomaly-index.ts'
import { type Baselines, baselines } from './baselines.ts'
import { judge } from './judge.ts'
import { normalsOf } from './normal.ts'
import { agentsKnown, lastWindow, sampleOf, type WindowMeasure, windowAt, windowSoFar } from './windows.ts'
import { reasonOf } from './words.ts'

const ALERT = 'anomaly'
/** What is judged when it is over; effects are judged before they are done. */
const AFTERWARDS: readonly WindowMeasure[] = ['runs', 'failures', 'duration', 'cost']
const AGENTS_IN_MEMORY = 5_000

export interface DeskOptions extends Pick<AutonomyOptions, 'log' | 'clock' | 'alerts' | 'lifecycle'> {
  readonly settings: () => AnomalySettings
  /** Brings its levels down, as far as they were handed over before that time. */
  readonly lower: (agent: string, reason: string, before: number) => void
}

export class AnomalyDesk implements Anomalies {
  readonly #options: DeskOptions
  /** Agent → why. Those that are on their way to the log are in it already. */
  readonly #quarantined = new Map<string, string>()
  /** Ids that are on record, or on their way to it. */
  readonly #found = new Set<string>()
  /** Run → agent. */
  readonly #agents = new Map<string, string>()
  readonly #stopListening: () => void
  readonly baselines: Baselines
  /** What the log has refused: it holds all the same, and is asked for again with the next commit. */
  readonly #refused: (readonly StreamAppend[])[] = []
  #isBehind = false
  #isOpen = false
  #pending: Promise<unknown> = Promise.resolve()

  constructor(options: DeskOptions) {
    this.#options = options
    this.baselines = baselines(options.log.tables)
    for (const one of this.list()) this.#note(one.agent, one)
    this.#stopListening = options.log.onCommit((events) => this.#onCommit(events))
  }

  get settings(): AnomalySettings {
    return this.#options.settings()
  }

  /** Goes on with what a stop has left. */
  open(): void {
    this.#isOpen = true
    this.#lowerHeld()
    const { tables } = this.#options.log
    for (const agent of agentsKnown(tables)) this.#look(agent, lastWindow(tables, agent, this.settings))
  }

  /** Something that follows could not be put on record: it is tried again with the next commit. */
  behind(): void {
    this.#isBehind = true
  }

  /** Resolves when all that was found is on record. */
  async idle(): Promise<void> {
    await this.#pending
  }

  close(): void {
    this.#isOpen = false
    this.#stopListening()
  }

  // -- what there is -------------------------------------------------------------------------------

  list({ all = false }: { readonly all?: boolean } = {}): Anomaly[] {
    return this.#options.log.tables
      .all<AnomalyRow>(
        `SELECT * FROM anomalies ${all ? '' : 'WHERE lifted_at IS NULL'} ORDER BY position DESC`,
      )
      .map(anomalyOf)
  }

  normal(agent?: string): Normal[] {
    const { log, clock } = this.#options
    const agents = agentsKnown(log.tables).filter((one) => agent === undefined || one === agent)
    const number = windowAt(clock.now(), this.settings)
    return agents.flatMap((one) => normalsOf(log.tables, one, number, this.settings))
  }

  quarantined(): string[] {
    return [...this.#quarantined.keys()].toSorted()
  }

  /** Why; null for an agent that is not. */
  whyQuarantined(agent: string): string | null {
    return this.#quarantined.get(agent) ?? null
  }

  // -- finding -------------------------------------------------------------------------------------

  #onCommit(events: readonly StoredEvent[]): void {
    const touched = new Map<string, number>()
    for (const event of events) {
      const isEnd = RUN_ENDS.has(event.kind)
      if (event.kind === 'run.started') this.#remember(event)
      else if (event.kind === 'anomaly.found' || event.kind === 'anomaly.lifted') this.#onOwn(event)
      else if (event.kind === 'policy.decided') this.#onDecided(event)
      else if (isEnd || event.kind === 'model.called')
        touched.set(this.#agentOf(event.stream, isEnd), event.time)
    }
    for (const [agent, time] of touched) this.baselines.added(agent, windowAt(time, this.settings))
    if (!this.#isOpen) return
    if (this.#isBehind) this.#catchUp()
    for (const [agent, time] of touched) if (agent !== '') this.#look(agent, windowAt(time, this.settings))
  }

  /** On record perhaps in the window after the one that it was decided in. */
  #onDecided({ body }: StoredEvent): void {
    const counted = body?.counted as Counted | undefined
    if (counted !== undefined)
      this.baselines.added(counted.agent, windowAt(counted.hour * HOUR_MS, this.settings))
  }

  /** In the order of the log: what is found while an earlier anomaly is being lifted holds. */
  #onOwn({ kind, body }: StoredEvent): void {
    if (body === null) return
    const { agent: name, severity, reason } = body as unknown as Anomaly
    const agent = String(name)
    if (kind === 'anomaly.lifted') this.#quarantined.delete(agent)
    else this.#note(agent, { severity, reason })
    if (this.#isOpen) this.#settle(agent, String(reason))
  }

  /** A keyed agent is in quarantine as long as its anomaly holds; one after the other, each by what the one before has left. */
  #settle(agent: string, reason: string): void {
    const { log, lifecycle } = this.#options
    const settled = this.#pending.then(async () => {
      const to = this.#quarantined.has(agent) ? 'quarantined' : 'enabled'
      const parts = lifecycle?.(agent, to, reason) ?? []
      if (parts.length > 0) await log.append(parts)
    })
    this.#pending = settled.catch(() => {})
  }

  #catchUp(): void {
    this.#isBehind = false
    for (const parts of this.#refused.splice(0)) this.#append(parts)
    this.#lowerHeld()
  }

  #lowerHeld(): void {
    for (const { agent, reason, time } of this.list()) this.#options.lower(agent, reason, time)
  }

  #remember({ stream, body }: StoredEvent): void {
    if (this.#agents.size >= AGENTS_IN_MEMORY) this.#agents.clear()
    this.#agents.set(runOf(stream), String(body?.workflow ?? ''))
  }

  /** '' for a run that is not known. */
  #agentOf(stream: string, isLast = false): string {
    const run = runOf(stream)
    const known = this.#agents.get(run)
    if (known !== undefined) {
      if (isLast) this.#agents.delete(run)
      return known
    }
    const { tables } = this.#options.log
    const row = tables.get<{ workflow: string }>('SELECT workflow FROM runs WHERE id = ?', run)
    return row?.workflow ?? ''
  }

  /** What a window says of it, by all that is on record of it so far. */
  #look(agent: string, number: number): void {
    const { tables } = this.#options.log
    const { settings } = this
    if (this.#quarantined.has(agent)) return
    const known = AFTERWARDS.map((measure) => ({
      measure,
      baseline: this.baselines.of(agent, measure, number, settings),
    })).filter(({ baseline }) => baseline.samples >= settings.minimum)
    // Without a past there is nothing to compare with, and most commits are spared the sum.
    if (known.length === 0) return
    const row = windowSoFar(tables, agent, number, settings)
    for (const { measure, baseline } of known) {
      const sample = sampleOf(measure, row)
      if (sample === null || sample.value === 0) continue
      const finding = judge({ agent, measure }, sample, baseline, settings)
      if (finding !== null) this.found(agent, finding, String(number), windowOf(number, settings))
    }
  }

  /** @param occasion what it is told once for: the number of a window, or one effect */
  found(
    agent: string,
    finding: Finding,
    occasion: string,
    window: { readonly from: number | null; readonly to: number | null },
  ): void {
    const { log, alerts, lifecycle, lower } = this.#options
    const { measure, what, severity } = finding
    const era = log.tables.get<{ era: number }>('SELECT era FROM anomalies_eras WHERE agent = ?', agent)
    const of = [log.id, agent, measure, what, occasion, era?.era ?? 0]
    const id = idOf([...of, severity])
    if (this.#found.has(id) || this.#found.has(idOf([...of, 'quarantine'])) || isOnRecord(log.tables, id))
      return
    const reason = reasonOf(agent, finding, this.settings.windowMs)
    const body: JsonObject = { anomaly: id, agent, ...finding, ...window, reason }
    this.#found.add(id)
    this.#note(agent, { severity, reason })
    const found = { kind: 'anomaly.found', actor: 'autonomy', label: SYSTEM, body }
    this.#append([
      { stream: streamOf(agent), expectedVersion: 'any', events: [found] },
      alerts.raise(ALERT, agent, messageOf(agent, severity, reason)),
      ...(severity === 'quarantine' ? (lifecycle?.(agent, 'quarantined', reason) ?? []) : []),
    ])
    lower(agent, reason, Number.POSITIVE_INFINITY)
  }

  /** In the order of the log before whatever follows from it. */
  #append(parts: readonly StreamAppend[]): void {
    const appended = this.#options.log.append(parts).catch(() => {
      this.#refused.push(parts)
      this.behind()
    })
    this.#pending = Promise.all([this.#pending, appended])
  }

  #note(agent: string, { severity, reason }: Pick<Anomaly, 'severity' | 'reason'>): void {
    if (severity === 'quarantine' && !this.#quarantined.has(agent)) this.#quarantined.set(agent, reason)
  }

  // -- the operator's word -------------------------------------------------------------------------

  async lift(agent: string, reason = ''): Promise<Anomaly[]> {
    const held = this.list().filter((one) => one.agent === agent)
    if (held.length === 0) throw notFound(agent, this.list())
    const { log, alerts, lifecycle } = this.#options
    const body = { agent, anomalies: held.map(({ id }) => id), reason }
    const lifted = { kind: 'anomaly.lifted', actor: 'operator', label: OWNER, body }
    await log.append([
      { stream: streamOf(agent), expectedVersion: 'any', events: [lifted] },
      alerts.clear(ALERT, agent),
      ...(lifecycle?.(agent, 'enabled', reason) ?? []),
    ])
    return held.map((one) => this.list({ all: true }).find(({ id }) => id === one.id) ?? one)
  }
}

export function windowOf(number: number, { windowMs }: AnomalySettings): { from: number; to: number } {
  return { from: number * windowMs, to: (number + 1) * windowMs }
}

function streamOf(agent: string): string {
  return `anomaly/${agent}`
}

function idOf(of: Json): string {
  return `a-${hash('sha256', JSON.stringify(of), 'hex').slice(0, 8)}`
}

function isOnRecord(tables: AutonomyOptions['log']['tables'], id: string): boolean {
  return tables.get('SELECT 1 FROM anomalies WHERE id = ?', id) !== undefined
}

function messageOf(agent: string, severity: Anomaly['severity'], reason: string): string {
  const follows =
    severity === 'quarantine'
      ? 'It is in quarantine: nothing that it does leaves without you'
      : 'Its levels are back at review'
  return `${reason}. ${follows}: \`holdfast anomalies\`, \`holdfast anomaly lift ${agent}\`.`
}

function notFound(agent: string, held: readonly Anomaly[]): HoldfastError {
  const agents = [...new Set(held.map((one) => one.agent))]
  return new HoldfastError(
    'ANOMALY_NOT_FOUND',
    `Nothing is held against ${agent}; there are anomalies of ${agents.join(', ') || 'nobody'}`,
    { details: { agent, agents } },
  )
}

interface AnomalyRow {
  readonly id: string
  readonly agent: string
  readonly severity: Anomaly['severity']
  readonly content: string
  readonly time: number
  readonly lifted_at: number | null
  readonly lifted_because: string | null
}

function anomalyOf({ id, agent, severity, content, time, ...lifted }: AnomalyRow): Anomaly {
  const known = JSON.parse(content) as Omit<Anomaly, 'id' | 'agent' | 'severity' | 'time'>
  const { lifted_at: liftedAt, lifted_because: because } = lifted
  return { ...known, id, agent, severity, time, liftedAt, liftedBecause: because ?? '' }
}

/**
 * Looks at each effect before it is allowed, so that the one that is too many is not done. What was allowed a moment
 * ago, and is still on its way to the log, is counted as well: however many ask at once, no more than the limit
 * allows get away. What the operator has approved is let through, and counted as history only.
 */

import type { StoredEvent } from '../../kernel/event.ts'
import type { JsonObject } from '../../kernel/json.ts'
import { runOf } from '../../kernel/run-stream.ts'
import type { EffectWatch, Finding, Measure } from '../../ports/anomalies.ts'
import type { Clock } from '../../ports/clock.ts'
import type { DeclaredManifest } from '../../ports/connector.ts'
import type { EventLog } from '../../ports/event-log.ts'
import type { EffectRequest, ModelRequest, Verdict } from '../../ports/gate.ts'
import type { Counted } from './anomaly-index.ts'
import { hourOf } from './anomaly-index.ts'
import type { Sample } from './baseline.ts'
import { type AnomalyDesk, windowOf } from './desk.ts'
import { judge } from './judge.ts'
import { type Touched, touchedBy } from './touched.ts'
import { windowAt, windowSoFar, withoutOwn } from './windows.ts'

/** Allowed, and not on record yet. */
interface Pending {
  readonly run: string
  readonly name: string
  readonly window: number
  readonly recipients: readonly string[]
  readonly isOwn: boolean
}

interface WatchOptions {
  readonly log: EventLog
  readonly clock: Pick<Clock, 'now'>
  readonly desk: AnomalyDesk
}

export class Watch implements EffectWatch {
  readonly #options: WatchOptions
  /** Agent → effect → what it counts for. */
  readonly #pending = new Map<string, Map<string, Pending>>()

  constructor(options: WatchOptions) {
    this.#options = options
    options.log.onCommit((events) => this.#onCommit(events))
  }

  object(request: EffectRequest, manifest: DeclaredManifest): Verdict | null {
    if (!isWatched(request, manifest)) return null
    const { desk } = this.#options
    const { workflow: agent } = request
    const why = desk.whyQuarantined(agent)
    if (why !== null) return review('anomaly.quarantine', `${agent} is in quarantine: ${why}`)
    if (isOwn(request) || isRepeat(request)) return null
    const finding = this.#worst(request, manifest)
    if (finding?.severity !== 'quarantine') return null
    return review(`anomaly.${finding.measure}`, desk.whyQuarantined(agent) ?? '')
  }

  objectToModel({ workflow }: ModelRequest): Verdict | null {
    const why = this.#options.desk.whyQuarantined(workflow)
    if (why === null) return null
    return { answer: 'deny', rule: 'anomaly.quarantine', reason: `${workflow} is in quarantine: ${why}` }
  }

  count(request: EffectRequest, manifest: DeclaredManifest): JsonObject | null {
    if (!isWatched(request, manifest) || isRepeat(request)) return null
    const { workflow: agent } = request
    const { recipients, amounts } = this.#touched(request, manifest)
    const now = this.#options.clock.now()
    const window = windowAt(now, this.#options.desk.settings)
    this.#pendingOf(agent).set(keyOf(request), {
      run: request.run,
      name: request.name ?? '',
      window,
      recipients,
      isOwn: isOwn(request),
    })
    const counted: Counted = {
      agent,
      hour: hourOf(now),
      ...(recipients.length === 0 ? {} : { recipients }),
      ...(isOwn(request) ? { own: true } : {}),
      ...(Object.keys(amounts).length === 0 ? {} : { amounts }),
    }
    return counted as unknown as JsonObject
  }

  forgo(run: string, name?: string): void {
    for (const ofAgent of this.#pending.values())
      for (const [key, one] of ofAgent)
        if (one.run === run && (name === undefined || one.name === name)) ofAgent.delete(key)
  }

  /** Of all that is found about it, what is put on record; the first that quarantines, or that lowers. */
  #worst(request: EffectRequest, manifest: DeclaredManifest): Finding | null {
    const { desk, log, clock } = this.#options
    const { workflow: agent } = request
    const { settings } = desk
    const number = windowAt(clock.now(), settings)
    const { recipients, amounts } = this.#touched(request, manifest)
    const pending = [...this.#pendingOf(agent)].flatMap(([key, one]) =>
      key === keyOf(request) || one.isOwn || one.window !== number ? [] : [one],
    )
    const sofar = withoutOwn(windowSoFar(log.tables, agent, number, settings))
    const added = pending.reduce((sum, one) => sum + one.recipients.length, recipients.length)
    const found: { finding: Finding; occasion: string }[] = []
    const look = (
      measure: Measure,
      sample: Sample,
      baseline: ReturnType<typeof desk.baselines.ofAmounts>,
      what?: string,
    ): void => {
      const finding = judge(
        { agent, measure, ...(what === undefined ? {} : { what }) },
        sample,
        baseline,
        settings,
      )
      if (finding !== null)
        found.push({ finding, occasion: what === undefined ? String(number) : keyOf(request) })
    }
    const counts = {
      effects: sofar.effects + pending.length + 1,
      recipients: recipients.length === 0 ? 0 : sofar.recipients + added,
    }
    for (const measure of ['effects', 'recipients'] as const) {
      const value = counts[measure]
      if (value > 0) look(measure, { value, of: 1 }, desk.baselines.of(agent, measure, number, settings))
    }
    for (const [what, value] of Object.entries(amounts)) {
      look('amount', { value, of: 1 }, desk.baselines.ofAmounts(agent, what, settings), what)
    }
    const worst = found.find(({ finding }) => finding.severity === 'quarantine') ?? found[0]
    if (worst === undefined) return null
    const window = worst.finding.measure === 'amount' ? { from: null, to: null } : windowOf(number, settings)
    desk.found(agent, worst.finding, worst.occasion, window)
    return worst.finding
  }

  /** Only those whom the agent has not addressed before, and does not with another effect that is on its way. */
  #touched(request: EffectRequest, manifest: DeclaredManifest): Touched {
    const { log } = this.#options
    const { workflow: agent } = request
    const { recipients, amounts } = touchedBy(request, manifest, log.id)
    const others = [...(this.#pending.get(agent) ?? [])].flatMap(([key, one]) =>
      key === keyOf(request) ? [] : one.recipients,
    )
    const fresh = recipients.filter(
      (one) =>
        !others.includes(one) &&
        log.tables.get('SELECT 1 FROM anomalies_recipients WHERE agent = ? AND recipient = ?', agent, one) ===
          undefined,
    )
    return { recipients: fresh, amounts }
  }

  #pendingOf(agent: string): Map<string, Pending> {
    const known = this.#pending.get(agent) ?? new Map<string, Pending>()
    this.#pending.set(agent, known)
    return known
  }

  #onCommit(events: readonly StoredEvent[]): void {
    for (const { kind, stream, body } of events) {
      const counted = kind === 'policy.decided' ? (body?.counted as Counted | undefined) : undefined
      if (counted === undefined) continue
      const ofAgent = this.#pending.get(counted.agent)
      ofAgent?.delete(`${runOf(stream)} ${String(body?.name)}`)
      if (ofAgent?.size === 0) this.#pending.delete(counted.agent)
    }
  }
}

function isWatched({ isLookup, isUndo }: EffectRequest, { effect }: DeclaredManifest): boolean {
  return isLookup !== true && isUndo !== true && effect !== 'read'
}

function isOwn({ approvedBy, endorsedBy }: EffectRequest): boolean {
  return approvedBy !== null || (endorsedBy ?? null) !== null
}

/** Its first attempt was counted. */
function isRepeat({ attempt = 1 }: EffectRequest): boolean {
  return attempt > 1
}

function keyOf({ run, name = '', operation }: EffectRequest): string {
  return `${run} ${name === '' ? operation : name}`
}

function review(rule: string, reason: string): Verdict {
  return { answer: 'review', rule, reason }
}

/**
 * Autonomy over the log. A ruling reads the tables, which hold what was committed; the levels are events, and so are
 * the offers and demotions that follow from the answers. Those are put on record as soon as their cause is: a demotion
 * is in force before that, since the level is read from the answers, and a stop in between loses nothing: what is due
 * is found again from the tables.
 *
 * Why: docs/decisions/0045-control-by-evidence.md
 */
import { ATTENTION_CHECK } from '../kernel/attention.ts'
import { greatestDistance } from '../kernel/closeness.ts'
import { HoldfastError } from '../kernel/errors.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { EffectWatch } from '../ports/anomalies.ts'
import type {
  Autonomy,
  Calibration,
  DoneByHand,
  Level,
  Remit,
  ReviewQuestion,
  ReviewRuling,
  ShadowProposal,
  Standing,
  Vigilance,
} from '../ports/autonomy.ts'
import type { AutonomySettings } from '../ports/autonomy-settings.ts'
import type { EventLog } from '../ports/event-log.ts'
import { AnomalyDesk } from './anomalies/desk.ts'
import { Watch } from './anomalies/effect-watch.ts'
import { vigilanceOf } from './attention.ts'
import { allRows, rowsOf } from './autonomy-index.ts'
import { Calibrations } from './calibrations.ts'
import { Consequences } from './consequences.ts'
import { decideReview } from './decide.ts'
import { heldDown } from './level-flag.ts'
import { type AutonomyOptions, effectOf } from './options.ts'
import { outcomeOf } from './outcome.ts'
import { append, byOperator, demote, evidenceOf } from './records.ts'
import { assertBelow, checkedRemit, checkLevel, percent, spoken } from './remit.ts'
import { segmentFor } from './segments.ts'
import { inForce, isHandedOver, levelSet, standingOf } from './standing.ts'
import { Turns } from './turns.ts'

export class AutonomyByEvidence implements Autonomy {
  readonly anomalies: AnomalyDesk
  /** Looks at effects while the policy decides. */
  readonly watch: EffectWatch
  readonly #options: AutonomyOptions
  readonly #calibrations: Calibrations
  readonly #consequences: Consequences
  /** What is put on record goes one after the other, each looking at what the one before has left. */
  readonly #turns = new Turns()

  constructor(options: AutonomyOptions) {
    this.#options = options
    this.#calibrations = new Calibrations(options.log.tables)
    this.#consequences = new Consequences(options, this.#turns)
    const { log, clock, settings } = options
    this.anomalies = new AnomalyDesk({
      ...options,
      settings: () => settings().anomalies,
      lower: (agent, reason, before) => this.#lower(agent, reason, before),
    })
    this.watch = new Watch({ log, clock, desk: this.anomalies })
  }

  // -- rulings -------------------------------------------------------------------------------------

  rule(question: ReviewQuestion): ReviewRuling {
    if (question.agent === ATTENTION_CHECK) return { answer: null, record: { rule: 'attention' } }
    const { agent, action, version, operation, customer } = question
    const remit = { agent, action, segment: segmentFor(customer, this.#options) }
    const settings = this.#options.settings()
    const asking = { version, effect: effectOf(this.#options, operation) }
    const earned = inForce(remit, rowsOf(this.#options.log.tables, remit), settings, asking)
    const { terms, effect } = earned
    const { level, ...held } = heldDown(earned.level, question, this.#options)
    const calibrated = this.#calibrations.of(agent, action, question.confidence)
    const known = { level, calibrated, least: terms.confidence }
    const { by, rule, verdict, reason, counts } = decideReview(question, known, settings)
    const { tier, tolerance, edit } = terms
    const record = {
      ...remit,
      version,
      level,
      by,
      rule,
      reason,
      counts,
      operation,
      effect,
      tier,
      tolerance,
      edit,
      ...held,
      ...(earned.fall === null ? {} : { fall: earned.fall.cause }),
    }
    return {
      answer: verdict === null ? null : { verdict, reason },
      record: { ...record, calibrated, evidence: this.#evidence(remit, settings) },
    }
  }

  /** What the level rests on at this moment. */
  #evidence(remit: Remit, settings: AutonomySettings): JsonObject {
    const { tables } = this.#options.log
    const { reviews, errors, bound, by } = standingOf(remit, rowsOf(tables, remit), settings)
    return { reviews, errors, bound, by }
  }

  // -- what there is -------------------------------------------------------------------------------

  standings(): Standing[] {
    return allRows(this.#options.log.tables).map((row) => this.standing(row))
  }

  standing({ agent, action, segment }: Remit): Standing {
    const remit = { agent, action, segment }
    return standingOf(remit, rowsOf(this.#options.log.tables, remit), this.#options.settings())
  }

  calibrations(): Calibration[] {
    return this.#calibrations.all()
  }

  vigilance(): Vigilance {
    return vigilanceOf(this.#options.log.tables)
  }

  shadows(): ShadowProposal[] {
    return this.#options.log.tables
      .all<ShadowProposal & { [field: string]: never }>(
        `SELECT review, run, time, agent, action, segment FROM autonomy_open WHERE shadow = 1 ORDER BY position`,
      )
      .map((row) => ({ ...row }))
  }

  // -- the operator's word -------------------------------------------------------------------------

  async set(
    given: Remit,
    { level, ceiling, reason = '' }: { level?: Level; ceiling?: Level; reason?: string },
  ): Promise<Standing> {
    checkLevel('level', level)
    checkLevel('ceiling', ceiling)
    const remit = checkedRemit(given)
    return await this.#turns.take(async () => {
      const before = this.standing(remit)
      const highest = ceiling ?? before.ceiling
      if (level !== undefined) assertBelow(remit, level, highest, before.effect)
      const from = before.level
      const events = [
        ...(ceiling === undefined
          ? []
          : [
              byOperator('autonomy.ceiling-set', {
                ...remit,
                ceiling,
                from: before.ceiling,
                effect: before.effect,
                reason,
              }),
            ]),
        ...(level === undefined ? [] : [byOperator('autonomy.level-set', { ...remit, level, from, reason })]),
      ]
      await append(this.#options, remit, events, before)
      return this.standing(remit)
    })
  }

  async accept(given: Remit): Promise<Standing> {
    const remit = checkedRemit(given)
    return await this.#turns.take(async () => {
      const standing = this.#offered(remit)
      const to = standing.next.level as Level
      assertBelow(remit, to, standing.ceiling, standing.effect)
      const body = { ...remit, from: standing.level, to, ...evidenceOf(standing) }
      await append(this.#options, remit, [byOperator('autonomy.promoted', body)], standing)
      return this.standing(remit)
    })
  }

  async decline(given: Remit, reason = ''): Promise<Standing> {
    const remit = checkedRemit(given)
    return await this.#turns.take(async () => {
      const standing = this.#offered(remit)
      const body = { ...remit, from: standing.level, to: standing.next.level, reason }
      await append(this.#options, remit, [byOperator('autonomy.promotion-declined', body)], standing)
      return this.standing(remit)
    })
  }

  #offered(remit: Remit): Standing {
    const standing = this.standing(remit)
    if (standing.next.offered) return standing
    const { reviews, errors, bound, tolerance, next } = standing
    const missing = next.missing === null ? 'it can not be said how many' : `about ${next.missing}`
    throw new HoldfastError(
      'AUTONOMY_NOT_OFFERED',
      `Nothing is offered for ${spoken(remit)}: of ${reviews} answers ${errors} were errors, so the rate is below ${percent(bound)}, and ${percent(tolerance)} is needed; ${missing} more without an error`,
      { details: { ...remit, reviews, errors, bound, tolerance } },
    )
  }

  async demote(
    given: Remit,
    why: { readonly cause: 'operator' | 'anomaly'; readonly reason: string },
  ): Promise<Standing> {
    const remit = checkedRemit(given)
    return await this.#turns.take(async () => {
      const standing = this.standing(remit)
      if (this.#isSetAbove(remit)) await demote(this.#options, standing, why)
      return this.standing(remit)
    })
  }

  async demoteAgent(
    agent: string,
    why: { readonly cause: 'operator' | 'anomaly'; readonly reason: string },
  ): Promise<Standing[]> {
    const own = this.standings().filter((one) => one.agent === agent && this.#isSetAbove(one))
    return await Promise.all(own.map((one) => this.demote(one, why)))
  }

  /** Whether it was handed over, also where the ceiling keeps it down for now. */
  #isSetAbove({ agent, action, segment }: Remit): boolean {
    const rows = rowsOf(this.#options.log.tables, { agent, action, segment })
    return isHandedOver(levelSet(rows, this.#options.settings()))
  }

  /**
   * What was handed over before that time; tried again with the next commit, should it fail.
   * @param before Infinity for an anomaly that has just been found, and need not be on record yet
   */
  #lower(agent: string, reason: string, before: number): void {
    const holds = (): boolean =>
      before === Number.POSITIVE_INFINITY || this.anomalies.list().some((one) => one.agent === agent)
    for (const one of this.standings().filter((other) => other.agent === agent)) {
      // Until its turn comes, the operator may have lifted it, and set another level.
      const lowered = this.#turns.take(async () => {
        const standing = this.standing(one)
        const isDue = (standing.since ?? 0) <= before && this.#isSetAbove(one) && holds()
        if (isDue) await demote(this.#options, standing, { cause: 'anomaly', reason })
      })
      lowered.catch(() => this.anomalies.behind())
    }
  }

  async compare(given: string, done: DoneByHand): Promise<{ difference: number; error: boolean }> {
    return await this.#turns.take(async () => {
      const { log } = this.#options
      const open = log.tables.get<ShadowRow>(
        'SELECT * FROM autonomy_open WHERE review = ? AND shadow = 1',
        given,
      )
      if (open === undefined) throw notInShadow(log, given)
      const proposal = log.event(open.position)?.body?.proposal as JsonObject | undefined
      if (proposal === undefined) {
        throw new HoldfastError('BODY_ERASED', `The proposal ${given} was erased`, {
          details: { review: given },
        })
      }
      const { verdict, edit } = comparedWith(proposal, done)
      const remit = { agent: open.agent, action: open.action, segment: open.segment }
      const body = { ...remit, review: given, verdict, edit }
      await append(this.#options, remit, [byOperator('autonomy.compared', body)])
      const error = outcomeOf(body, open.edit)?.error ?? true
      return { difference: edit ?? 1, error }
    })
  }

  async open(): Promise<void> {
    this.anomalies.open()
    await this.#consequences.open()
    await this.anomalies.idle()
  }

  async idle(): Promise<boolean> {
    await this.anomalies.idle()
    return await this.#turns.idle()
  }

  async close(): Promise<void> {
    this.#consequences.close()
    this.anomalies.close()
    await this.idle()
  }
}

interface ShadowRow extends Remit {
  readonly position: number
  readonly edit: number
}

function comparedWith(
  proposal: JsonObject,
  done: DoneByHand,
): { readonly verdict: 'approved' | 'edited' | 'rejected'; readonly edit: number | null } {
  if ('did' in done) {
    return done.did === 'same' ? { verdict: 'approved', edit: 0 } : { verdict: 'rejected', edit: null }
  }
  const edit = greatestDistance(proposal, { ...proposal, ...done.fields })
  return { verdict: edit === 0 ? 'approved' : 'edited', edit }
}

function notInShadow({ tables }: EventLog, review: string): HoldfastError {
  const details = { review }
  const known = tables.get('SELECT 1 FROM autonomy_outcomes WHERE review = ?', review) !== undefined
  if (known)
    return new HoldfastError('REVIEW_ENDED', `Review ${review} was answered or compared`, { details })
  return new HoldfastError('REVIEW_NOT_FOUND', `There is no proposal ${review} in shadow`, { details })
}

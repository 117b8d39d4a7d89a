/**
 * The operator's side of reviews: answers, many at once, putting off, and word given ahead; and what happens to a
 * review by the passing of time or by a delegation.
 *
 * Promises: an answer is used once, is bound to what was shown, and is durable when it is acknowledged. What a delegation
 * or a deadline says is on record as theirs, never as the operator's, and lifts no label. A review that was put off
 * comes back at its time, and one whose deadline passes gets what was asked for then, also when the process was away:
 * it is done when the workspace is opened again, late, once.
 *
 * A crash before an append leaves nothing of it; after it, all of it. A delegation given with an answer is one commit
 * with it. Between the question and the answer of a delegation, a crash leaves a review that waits: opening answers it.
 *
 * Why: docs/decisions/0044-reviews.md
 */
import { covers, whyNotDelegable } from '../../kernel/delegation.ts'
import { isHoldfastError, toErrorRecord } from '../../kernel/errors.ts'
import type { NewEvent, StoredEvent } from '../../kernel/event.ts'
import { RUN_ENDS } from '../../kernel/journal.ts'
import type { JsonObject } from '../../kernel/json.ts'
import { type Label, OWNER, SYSTEM } from '../../kernel/label.ts'
import { expiryOf } from '../../kernel/review.ts'
import { crashPoint } from '../../ports/crash-points.ts'
import type { StreamAppend } from '../../ports/event-log.ts'
import { type Answer, reviewEnded, type Word, wordOf } from '../answer.ts'
import { riskOf } from '../perform/perform-review.ts'
import { shortHash } from '../replay/hashes.ts'
import type { Runtime } from '../runtime.ts'
import { Alarm } from './alarm.ts'
import { answerBody, asProposed, saidIn } from './answer-body.ts'
import { answerQueued, executionOf, toGone } from './answer-queued.ts'
import { answerTogether, type BatchAnswer, onceEach, refused, type Unfit } from './batch.ts'
import {
  DELEGATION_STREAM,
  type Delegation,
  findDelegation,
  standingDelegations,
} from './delegation-index.ts'
import { type DelegateOptions, isForOperator, scopeOf } from './delegation-scope.ts'
import { assertInputFits } from './effect-input.ts'
import { clearedParts, expiredParts, hasOverdueAlert } from './overdue.ts'
import { assertPutOff } from './putting-off.ts'
import {
  dueReviews,
  findReview,
  lastLook,
  nextDue,
  REVIEW_STREAM,
  type Review,
  timesOf,
  waitingReviews,
} from './review-index.ts'
import { type Shown, shownParts } from './shown.ts'

/** Who answers, and what it says beside its verdict. */
interface By {
  readonly actor: string
  /** Default: that of the run. */
  readonly label?: Label
  readonly way: string
  readonly more?: JsonObject
  /** Asked at the last moment: false, and nothing is said. */
  readonly stands?: () => boolean
}

type Host = Pick<Runtime, 'log' | 'clock' | 'gate' | 'execution' | 'resident' | 'wake'>

const AT_ONCE = 100
const WRITE_RETRY_MS = 1_000
const OPERATOR = { actor: 'operator', label: OWNER }
const RUNTIME = { actor: 'runtime', label: SYSTEM }

export class ReviewDesk {
  readonly #host: Host
  readonly #stopListening: () => void
  /** What the desk does by itself, one after the other. */
  #work: Promise<void> = Promise.resolve()
  #works = 0
  #isOpen = false
  /** Whether something could not be written. */
  #isBehind = false
  readonly #alarm: Alarm
  /** Delegations that are being revoked: they speak for nothing more. */
  readonly #revoking = new Set<string>()

  constructor(host: Host) {
    this.#host = host
    this.#alarm = new Alarm(host.clock, () => (this.#isBehind ? this.#catchUp() : this.#look()))
    this.#stopListening = host.log.onCommit((events) => this.#onCommit(events))
  }

  /** From now on deadlines, returns and delegations take effect; those that came meanwhile do so now. */
  open(): void {
    this.#isOpen = true
    this.#catchUp()
  }

  /** What was left undone is done, by delegations and deadlines. */
  #catchUp(): void {
    this.#isBehind = false
    this.#begin(async () => {
      const isDelegated = standingDelegations(this.#tables).length > 0
      for (const review of isDelegated ? waitingReviews(this.#tables) : []) await this.#byDelegation(review)
      await this.#clearAlerts()
    })
    this.#look()
  }

  async close(): Promise<void> {
    this.#isOpen = false
    this.#alarm.off()
    this.#stopListening()
    await this.#work
  }

  /** Whether there was something under way. */
  async idle(): Promise<boolean> {
    const worked = this.#works > 0
    await this.#work
    return worked
  }

  get #tables() {
    return this.#host.log.tables
  }

  // -- the operator's word -----------------------------------------------------------------------

  /**
   * Durable once this resolves.
   * @throws REVIEW_NOT_FOUND, REVIEW_ENDED, REVIEW_STALE, REVIEW_FIELD_FIXED, INPUT_INVALID
   */
  async answer(id: string, answer: Answer, more: JsonObject = {}): Promise<Review> {
    const { review, word } = await this.#fit(id, answer)
    return await this.#say(review, word, answer, more)
  }

  /**
   * One answer for several, each bound to what was shown of it: one commit, all of them or none. One named twice is one.
   * @throws REVIEW_BATCH_REFUSED naming those that can't be answered, with why; LOG_WRITE_FAILED
   */
  async answerAll(shown: readonly Shown[], answer: Omit<Answer, 'hash'>): Promise<BatchAnswer> {
    const checks = await Promise.allSettled(shown.map(({ id, hash }) => this.#fit(id, { ...answer, hash })))
    const unfit = checks.flatMap((check, i): Unfit[] => {
      if (check.status === 'fulfilled') return []
      const { code, message } = toErrorRecord(check.reason)
      return [{ id: shown[i]?.id ?? '', code, message }]
    })
    if (unfit.length > 0) throw refused(shown.length, unfit)
    const batch = `b-${shortHash(shown.map(({ id, hash }) => `${id} ${hash}`).join('\n'), 8)}`
    const words = onceEach(checks.flatMap((check) => (check.status === 'fulfilled' ? [check.value] : [])))
    const ready = words.map(({ review, word }) => ({
      review,
      body: this.#body(review, word, answer.way ?? 'program', { ...saidIn(answer), batch }),
    }))
    await answerTogether(this.#host, ready)
    return { batch, answered: words.map(({ review }) => findReview(this.#tables, review.id)) }
  }

  /** As `#checked`, and with what is asked of the operation's input. @throws also INPUT_INVALID, OPERATION_UNKNOWN */
  async #fit(id: string, answer: Answer): Promise<{ readonly review: Review; readonly word: Word }> {
    const checked = this.#checked(id, answer)
    await assertInputFits(this.#host.gate, checked.review, checked.word)
    return checked
  }

  #checked(id: string, answer: Answer): { readonly review: Review; readonly word: Word } {
    const review = findReview(this.#tables, id)
    if (review.status !== 'waiting') throw reviewEnded(review)
    return { review, word: wordOf(review, answer) }
  }

  async #say(
    review: Review,
    word: Word,
    answer: Omit<Answer, 'hash'>,
    more: JsonObject,
    others: readonly StreamAppend[] = [],
  ): Promise<Review> {
    const by = { ...OPERATOR, way: answer.way ?? 'program', more: { ...saidIn(answer), ...more } }
    if (!(await this.#settle(review, word, by, others))) throw reviewEnded(review)
    return findReview(this.#tables, review.id)
  }

  /** false when it has been answered by another meanwhile, or its run has ended. */
  async #settle(review: Review, word: Word, by: By, others: readonly StreamAppend[] = []): Promise<boolean> {
    const { actor, label, way, more = {}, stands = () => true } = by
    const execution = await executionOf(this.#host, review.run)
    if (!stands()) return false
    const body = this.#body(review, word, way, more)
    const answer = { kind: 'review.answered', body, actor, ...(label === undefined ? {} : { label }) }
    crashPoint('review.before-answer')
    const first =
      execution === null
        ? await answerQueued(this.#host, review, answer, others)
        : await execution.settle(review.name, execution.event(answer.kind, body, answer), { others })
    crashPoint('review.after-answer')
    return first ?? (await this.#settle(review, word, by, others))
  }

  #body(review: Review, word: Word, way: string, more: JsonObject): JsonObject {
    const now = this.#host.clock.now()
    return answerBody(review, word, { way, now, look: lastLook(this.#tables, review.id, now), more })
  }

  /**
   * Puts a review off: it leaves the inbox and comes back at `until`, milliseconds since 1970. It can be answered
   * all the while. Durable once this resolves.
   * @throws REVIEW_NOT_FOUND, REVIEW_ENDED, INPUT_INVALID when it would be back in the past, or behind its deadline
   */
  async snooze(id: string, until: number): Promise<Review> {
    const review = findReview(this.#tables, id)
    if (review.status !== 'waiting') throw reviewEnded(review)
    assertPutOff(review, until, this.#host.clock.now())
    await this.#append(REVIEW_STREAM + review.id, {
      ...OPERATOR,
      kind: 'review.snoozed',
      body: { review: review.id, until },
    })
    return findReview(this.#tables, review.id)
  }

  /**
   * Notes that the operator was shown these whole, together: what an answer takes is measured from here.
   * Reviews that are over are left out.
   */
  async shown(reviews: readonly Shown[], way: string): Promise<void> {
    await this.#host.log.append(shownParts(reviews, way))
  }

  // -- word given ahead --------------------------------------------------------------------------

  /**
   * Approves a review as it was shown, and gives a delegation for those like it that are asked from now on: one commit.
   * @throws what `answer` throws; REVIEW_NOT_DELEGABLE
   */
  async delegate(
    id: string,
    options: DelegateOptions,
    answer: Pick<Answer, 'hash' | 'way'> = {},
  ): Promise<{ readonly review: Review; readonly delegation: Delegation }> {
    const { review, word } = this.#checked(id, { ...answer, verdict: 'approved' })
    const scope = scopeOf(review, options)
    const reason = options.reason ?? null
    const delegation = `d-${shortHash(`${review.id}\n${review.hash}`, 8)}`
    const given: NewEvent = {
      ...OPERATOR,
      kind: 'delegation.given',
      body: { delegation, review: review.id, reason, ...(scope as unknown as JsonObject) },
    }
    const part = { stream: DELEGATION_STREAM + delegation, expectedVersion: 0, events: [given] }
    const answered = await this.#say(
      review,
      word,
      { verdict: 'approved', ...answer, ...(reason === null ? {} : { reason }) },
      { delegation },
      [part],
    )
    return { review: answered, delegation: findDelegation(this.#tables, delegation) }
  }

  /** It answers nothing more. Revoked again, it stays so. Durable once this resolves. @throws DELEGATION_UNKNOWN */
  async revoke(id: string, reason: string | null = null): Promise<Delegation> {
    const delegation = findDelegation(this.#tables, id)
    if (delegation.revoked !== null) return delegation
    this.#revoking.add(id)
    try {
      await this.#append(DELEGATION_STREAM + id, {
        ...OPERATOR,
        kind: 'delegation.revoked',
        body: { delegation: id, reason },
      })
    } finally {
      this.#revoking.delete(id)
    }
    return findDelegation(this.#tables, id)
  }

  /** Answers a review by the first delegation that covers it, if one does. */
  async #byDelegation({ id }: Pick<Review, 'id'>): Promise<void> {
    const review = findReview(this.#tables, id)
    if (!this.#isOpen || review.status !== 'waiting' || isForOperator(review)) return
    const now = this.#host.clock.now()
    // By the manifest of today: what was reversible when it was asked may not be any more.
    const asked = { ...review, risk: riskOf(this.#host.gate, review.risk?.operation ?? null) }
    if (whyNotDelegable(asked) !== null) return
    const speaks = (one: Delegation): boolean =>
      !this.#revoking.has(one.id) && review.position > one.position && covers(one, asked, one.used, now)
    const delegation = standingDelegations(this.#tables).find(speaks)
    if (delegation === undefined) return
    const { id: rule } = delegation
    const stands = (): boolean =>
      standingDelegations(this.#tables).some((one) => one.id === rule && speaks(one))
    const by = { actor: `rule:${rule}`, way: 'rule', more: { delegation: rule }, stands }
    const isDone = await this.#settle(review, asProposed(review, 'approved'), by)
    // Another answer is on its way to the disk, which may not take it.
    if (!isDone && findReview(this.#tables, id).status === 'waiting') this.#lookAgain()
  }

  // -- what time brings --------------------------------------------------------------------------

  #onCommit(events: readonly StoredEvent[]): void {
    for (const { kind, stream, body } of events) {
      if (kind === 'review.requested' && body !== null) {
        for (const at of timesOf(body)) this.#consider(at)
        const id = String(body.review)
        if (standingDelegations(this.#tables).length > 0) this.#begin(() => this.#byDelegation({ id }))
      } else if (kind === 'review.snoozed') this.#consider(Number(body?.until))
      else if (kind === 'run.reopened') this.#look()
      else if ((kind === 'review.answered' || RUN_ENDS.has(kind)) && stream.startsWith('run/')) this.#onOver()
    }
  }

  #onOver(): void {
    if (hasOverdueAlert(this.#tables)) this.#begin(() => this.#clearAlerts())
  }

  #consider(at: number): void {
    if (this.#isOpen) this.#alarm.at(at)
  }

  /** Does what is due, and sets the alarm for what comes next. */
  #look(): void {
    this.#begin(async () => {
      const now = this.#host.clock.now()
      const seen = new Set<string>()
      for (let due: Review[]; this.#isOpen; ) {
        due = dueReviews(this.#tables, now, AT_ONCE).filter(({ id }) => !seen.has(id))
        for (const review of due) await this.#isDue(review, now)
        for (const { id } of due) seen.add(id)
        if (due.length < AT_ONCE) break
      }
      const next = nextDue(this.#tables)
      // What is still due now has an answer on its way to the disk.
      if (next !== null && next > now) this.#consider(next)
      else if (next !== null && this.#isOpen) this.#alarm.after(WRITE_RETRY_MS)
    })
  }

  async #isDue(review: Review, now: number): Promise<void> {
    const { deadline, overdue, id, snoozedUntil: until } = review
    if (deadline !== null && !overdue && deadline <= now) return await this.#expire(review)
    // It may be put off once more before this is on record.
    const body = { review: id, until }
    await this.#append(REVIEW_STREAM + id, { ...RUNTIME, kind: 'review.returned', body })
  }

  async #expire(review: Review): Promise<void> {
    const { onExpiry, warnings } = review
    const risk = riskOf(this.#host.gate, review.risk?.operation ?? null)
    const { becomes, why } = expiryOf(onExpiry, risk, warnings.length)
    if (becomes === 'approve' || becomes === 'reject') {
      const by = { actor: 'runtime', way: 'expiry', more: { reason: 'nobody answered by the deadline' } }
      const word = asProposed(review, becomes === 'approve' ? 'approved' : 'rejected')
      const whyNot = await this.#settle(review, word, by).then(() => null, toGone)
      if (whyNot !== null) await this.#keep(review, 'escalate', whyNot)
    } else await this.#keep(review, becomes, why)
  }

  async #keep(review: Review, becomes: 'keep' | 'escalate', why: string | null): Promise<void> {
    await this.#host.log.append(expiredParts(review, becomes, why))
    // It may have been answered meanwhile.
    await this.#clearAlerts()
  }

  /** Of reviews that are over. */
  async #clearAlerts(): Promise<void> {
    const parts = clearedParts(this.#tables)
    if (parts.length > 0) await this.#host.log.append(parts)
  }

  async #append(stream: string, event: NewEvent): Promise<void> {
    await this.#host.log.append([{ stream, expectedVersion: 'any', events: [event] }])
  }

  /** One piece of work after the other; what could not be written is looked at again. */
  #begin(work: () => Promise<void>): void {
    if (!this.#isOpen) return
    this.#works += 1
    this.#work = this.#work
      .then(() => (this.#isOpen ? work() : undefined))
      .catch((error) => this.#onFailure(error))
      .finally(() => {
        this.#works -= 1
      })
  }

  #onFailure(error: unknown): void {
    if (!this.#isOpen || (isHoldfastError(error) && /CLOSED|EPOCH/.test(error.code))) return
    this.#lookAgain()
  }

  #lookAgain(): void {
    this.#isBehind = true
    this.#alarm.after(WRITE_RETRY_MS)
  }
}

/** The operator at the review desk: looks, puts off, answers several at once, leaves some to a rule, and takes that back. */
import { covers } from '../src/kernel/delegation.ts'
import { listDelegations } from '../src/runtime/reviews/delegation-index.ts'
import type { Review } from '../src/runtime/reviews/review-index.ts'
import { type Callers, isAnswered } from './callers.ts'
import type { Chance } from './chance.ts'
import { Violation } from './invariants/invariant.ts'
import { PEOPLE } from './invariants/persons.ts'
import type { SimProcess } from './process.ts'
import type { Simulation } from './simulation.ts'
import { drawReview, type ReviewTree } from './tree.ts'
import { DECISION } from './workflow.ts'

const HOUR = 3_600_000
/** After which, without faults, what was due is done with. */
const LATE_MS = 600_000

export class Desk {
  readonly #around: Simulation
  readonly #callers: Callers
  readonly #chance: Chance
  /** When it was first seen that reviews are due. */
  #behindSince: number | null = null
  #questions = 0

  constructor(around: Simulation, callers: Callers, chance: Chance) {
    this.#around = around
    this.#callers = callers
    this.#chance = chance
  }

  /** Mostly a question of a workflow. */
  #any(): Review | undefined {
    const waiting = this.#around.process.hf.reviews()
    const decisions = waiting.filter(({ action }) => action === DECISION)
    const some = this.#chance.happens(0.8) ? decisions : waiting
    return some[this.#chance.whole(0, Math.max(0, some.length - 1))]
  }

  /** Starts a run that asks one thing. */
  question(): void {
    this.#questions += 1
    const id = `ask-${this.#questions}`
    const input = { tree: this.#drawQuestion(), path: id, key: '', left: 0, ...this.#about() }
    const about = 'says' in input && this.#chance.happens(0.5) ? { customer: PEOPLE[0].customer } : {}
    this.#callers.ask(`start of ${id}`, async ({ hf, runtime }) => {
      await hf.start(runtime.workflows.get('tree', 1), input, { id, ...about })
      return (now) => now.log.versionOf(`run/${id}`) > 0
    })
  }

  /** Items that are known to be bad are made of proposals that lead to something. */
  #drawQuestion(): ReviewTree {
    const drawn = drawReview(this.#chance)
    if (!this.#hasItems || this.#chance.happens(0.4)) return drawn
    return { ...drawn, n: 1 + drawn.n, operation: 'world.plain' }
  }

  /** Who the run is about where items may be made of what it proposes: somebody at times, in what it begins with. */
  #about(): { says?: string } {
    if (!this.#hasItems || this.#around.plan.deeds.visit === 0 || this.#chance.happens(0.4)) return {}
    return { says: `from ${this.#chance.pick(PEOPLE).names[0]}` }
  }

  get #hasItems(): boolean {
    return (this.#around.plan.autonomy?.vigilance.rate ?? 0) > 0
  }

  look(): void {
    const waiting = this.#around.process.hf.reviews()
    if (waiting.length === 0) return
    this.#around.tally.add('review: shown', waiting.length)
    this.#callers.ask(`a look at ${waiting.length} reviews`, async ({ hf }) => {
      await hf.desk.shown(waiting, 'console')
      return () => true
    })
  }

  snooze(): void {
    const review = this.#any()
    if (review === undefined) return
    const until = this.#around.clock.now() + this.#chance.pick([1, 60_000, HOUR, 26 * HOUR])
    this.#around.tally.add('review: put off')
    this.#callers.ask(`putting off ${review.id}`, async ({ hf, log }) => {
      await hf.desk.snooze(review.id, until)
      const stream = `review/${review.id}`
      const version = log.versionOf(stream)
      return (now) => now.log.versionOf(stream) >= version
    })
  }

  delegate(): void {
    const review = this.#any()
    if (review === undefined) return
    const options = {
      same: this.#chance.happens(0.3) ? ['n'] : [],
      ...(this.#chance.happens(0.4) ? { most: this.#chance.whole(1, 2) } : {}),
      ...(this.#chance.happens(0.3) ? { until: this.#around.clock.now() + 12 * HOUR } : {}),
    }
    this.#around.tally.add('delegation: asked for')
    this.#callers.ask(`delegation by ${review.id}`, async ({ hf }) => {
      const { delegation } = await hf.desk.delegate(review.id, options)
      this.#around.tally.add('delegation: given')
      return (now) =>
        isAnswered(now, review.id, 'approved') &&
        listDelegations(now.log.tables).some(({ id }) => id === delegation.id)
    })
  }

  revoke(): void {
    const standing = listDelegations(this.#around.process.log.tables)
    const one = standing[this.#chance.whole(0, Math.max(0, standing.length - 1))]
    if (one === undefined) return
    this.#around.tally.add('delegation: revoked')
    this.#callers.ask(`revocation of ${one.id}`, async ({ hf }) => {
      await hf.desk.revoke(one.id)
      return (now) => listDelegations(now.log.tables).find(({ id }) => id === one.id)?.revoked !== null
    })
  }

  /** One word for all that workflows ask; now and then with one that can't be answered. */
  batch(): void {
    const { hf } = this.#around.process
    const shown = hf.reviews().filter(({ action }) => action === DECISION)
    if (shown.length === 0) return
    const { good } = this.#around.levels
    const isGood = this.#chance.happens(good ?? 0.5)
    const verdict = isGood ? 'approved' : 'rejected'
    this.#around.tally.add('review: answered together', shown.length)
    this.#callers.ask(`${verdict} to ${shown.map(({ id }) => id).join(' ')}`, async (process) => {
      const { answered } = await process.hf.desk.answerAll(shown, { verdict })
      return (now) => answered.every(({ id }) => isAnswered(now, id, verdict))
    })
  }

  /** What a delegation speaks for does not wait for the operator. @throws Violation */
  checkDelegated({ log, hf }: SimProcess): void {
    const standing = listDelegations(log.tables).filter(({ revoked }) => revoked === null)
    const { latest } = this.#around.asked
    for (const review of hf.reviews()) {
      // An audit waits for the operator, whatever speaks for it.
      if (review.action !== DECISION || review.autonomy?.rule === 'audit') continue
      // One that was over by a clock that has been set back since does not look at it again.
      const one = standing.find((given) => {
        return given.position < review.position && covers(given, review, given.used, latest)
      })
      if (one !== undefined) throw new Violation('delegations', `${one.id} does not answer ${review.id}`)
    }
  }

  /** To be called without faults, when all that can happen now has happened. @throws Violation */
  checkDue({ log }: SimProcess): void {
    const now = this.#around.clock.now()
    const sql = "SELECT id FROM reviews WHERE status = 'waiting' AND due <= ? ORDER BY id"
    const due = log.tables.all<{ id: string }>(sql, now)
    if (due.length === 0) this.#behindSince = null
    else this.#behindSince ??= now
    if (this.#behindSince !== null && now > this.#behindSince + LATE_MS)
      throw new Violation('review-deadlines', `nothing comes of ${due.map(({ id }) => id).join(' ')}`)
  }
}

/** Of reviews that are over, no alert stands. @throws Violation */
export async function checkDeskAtEnd({ hf }: SimProcess): Promise<void> {
  await hf.desk.idle()
  const late = hf.alerts().filter(({ alert }) => alert === 'review-overdue')
  if (late.length > 0)
    throw new Violation('review-deadlines', `alerts tell of ${late.map(({ subject }) => subject).join(' ')}`)
}

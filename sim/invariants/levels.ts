/**
 * What is answered without the operator, is answered as the level in force says, and no level is in force above its
 * ceiling, after its answers have shown too many errors, or for something worse than it was earned by: reckoned from the
 * events, as they stood when the answer was asked to be put on record.
 */
import type { StoredEvent } from '../../src/kernel/event.ts'
import type { JsonObject } from '../../src/kernel/json.ts'
import { LEVELS, type Level } from '../../src/ports/autonomy.ts'
import type { AutonomySettings } from '../../src/ports/autonomy-settings.ts'
import type { EffectClass } from '../../src/ports/connector.ts'
import { type Asked, type Invariant, Violation } from './invariant.ts'

const HARMLESS_FIRST: readonly EffectClass[] = ['read', 'reversible', 'external', 'irreversible']
/** So many answers at least speak for a level that is offered, by the tolerance of the simulation. */
const LEAST_ANSWERS = 3
/** By the same tolerance: what each error, and each other answer, does to the sums that tell of drift. */
const DRIFT = [
  { error: 0.9 / 0.75, other: 0.1 / 0.25 },
  { error: 0.9 / 0.75, other: 0.1 / 0.25 },
  { error: 0.9 / 0.75, other: 0.1 / 0.25 },
  { error: 1, other: 1 },
] as const

interface Standing {
  readonly position: number
  readonly level: Level | null
  readonly ceiling: Level | null
  readonly ceilingFor: EffectClass
  /** The worst that the answers that count are about, `counted` being their epoch; else of the latest question. */
  readonly effect: EffectClass
  readonly counted: number | null
  /** The worst that its level was earned by; null for one that was set. */
  readonly earnedFor: EffectClass | null
  /** A count belongs to one of them. */
  readonly epoch: number
  readonly answers: number
  readonly errors: number
  readonly drift: readonly number[]
  readonly offered: Level | null
}

interface Question {
  readonly key: string
  readonly epoch: number
  readonly counts: boolean
  readonly isWatched: boolean
}

const ANEW = { answers: 0, errors: 0, drift: DRIFT.map(() => 0), offered: null }
const NEW: Standing = {
  position: 0,
  level: null,
  ceiling: null,
  ceilingFor: 'read',
  effect: 'irreversible',
  counted: null,
  earnedFor: null,
  epoch: 0,
  ...ANEW,
}

export class Levels implements Invariant {
  readonly #settings: AutonomySettings
  /** By agent and action: how it stood after each event about it. */
  readonly #standings = new Map<string, Standing[]>()
  readonly #questions = new Map<string, Question>()
  /** By agent. */
  readonly #anomalies = new Map<string, { readonly position: number; liftedAt: number }[]>()
  /** What is to be taken back by an anomaly: agent and action → its position. */
  readonly #toLower = new Map<string, number>()
  /** What autonomy answers with the very next event. */
  #due: { readonly review: string; readonly verdict: string; readonly position: number } | null = null

  constructor(settings: AutonomySettings) {
    this.#settings = settings
  }

  see(event: StoredEvent, asked: Asked | undefined): void {
    const { kind, body, position } = event
    const due = this.#due
    this.#due = null
    if (due !== null && (kind !== 'review.answered' || body?.review !== due.review))
      throw new Violation('levels', `${due.review} was to be answered with the event in which it is asked`)
    if (body === null) return
    if (kind === 'anomaly.found') this.#findAnomaly(position, String(body.agent))
    else if (kind === 'anomaly.lifted') this.#lift(position, String(body.agent))
    else if (kind === 'review.requested') this.#request(event, body, asked)
    else if (kind === 'review.answered') this.#answer(position, body, due)
    else if (kind === 'autonomy.compared') this.#settle(position, body, body.verdict !== 'approved')
    else if (kind.startsWith('autonomy.')) this.#change(event, body, asked)
  }

  end(): void {
    for (const [key, standings] of this.#standings) {
      const last = standings.at(-1)
      if (last !== undefined && this.#isLost(last, last.effect))
        throw new Violation('levels-lost', `${key} is to be taken back, and is not`)
    }
  }

  #request(
    { position }: StoredEvent,
    { review, autonomy, warnings }: JsonObject,
    asked: Asked | undefined,
  ): void {
    const ruling = autonomy as JsonObject | undefined
    if (ruling === undefined || ruling.rule === 'attention') return
    const key = keyOf(ruling)
    const effect = ruling.effect as EffectClass
    const isOver = isHandedOver(ruling.level as Level)
    if (ruling.by === 'autonomy') {
      const level = asked && this.#inForce(this.#at(key, asked.head), effect)
      if (level !== undefined && level !== ruling.level)
        throw new Violation(
          'levels',
          `${review} is answered at level ${ruling.level}, and ${level} is in force`,
        )
      if (!isOver && ruling.level !== 'off' && ruling.level !== 'shadow')
        throw new Violation('levels', `${review} is answered at level ${ruling.level} without the operator`)
      if (isOver && (warnings as unknown[]).length > 0)
        throw new Violation('levels', `${review} carries a warning, and the operator is not asked`)
      this.#due = { review: String(review), verdict: isOver ? 'approved' : 'rejected', position }
    }
    const last = this.#last(key)
    // What is kept below the level that was set is asked at another one.
    const counts = ruling.counts === true && (isOver || last.level === null || !isHandedOver(last.level))
    const bears = counts || ruling.fall === 'effect'
    const { epoch } = this.#put(key, position, about(last, effect, bears))
    this.#questions.set(String(review), { key, epoch, counts, isWatched: isOver })
  }

  #answer(position: number, body: JsonObject, due: { readonly verdict: string } | null): void {
    if (body.by === 'autonomy') {
      if (due === null) throw new Violation('levels', `${body.review} is answered by autonomy, unasked`)
      if (body.verdict !== due.verdict)
        throw new Violation('levels', `${body.review} is ${body.verdict} by autonomy, not ${due.verdict}`)
    } else if (body.way !== 'rule' && body.way !== 'expiry')
      this.#settle(position, body, body.verdict !== 'approved')
  }

  /** The operator has said what is right. */
  #settle(position: number, { review }: JsonObject, isError: boolean): void {
    const question = this.#questions.get(String(review))
    if (question === undefined) return
    this.#questions.delete(String(review))
    const { key, epoch, counts, isWatched } = question
    const { answers, errors, drift, epoch: present } = this.#last(key)
    if (!counts || epoch !== present) return
    const sums = drift.map((sum, i) => (sum + 1) * (DRIFT[i]?.[isError ? 'error' : 'other'] ?? 1))
    this.#put(key, position, {
      answers: answers + 1,
      errors: errors + (isError ? 1 : 0),
      drift: isWatched ? sums : drift,
    })
  }

  #change({ kind, position, actor }: StoredEvent, body: JsonObject, asked: Asked | undefined): void {
    const key = keyOf(body)
    const known = asked === undefined ? undefined : this.#at(key, asked.head)
    const anew = { ...ANEW, epoch: this.#last(key).epoch + 1 }
    if (kind === 'autonomy.level-set' || kind === 'autonomy.promoted' || kind === 'autonomy.demoted')
      this.#toLower.delete(key)
    switch (kind) {
      case 'autonomy.ceiling-set':
        this.#put(key, position, { ceiling: body.ceiling as Level, ceilingFor: body.effect as EffectClass })
        return
      case 'autonomy.promotion-offered':
        if (known !== undefined && (known.answers < LEAST_ANSWERS || known.errors > known.answers / 2))
          throw new Violation(
            'levels-earned',
            `${key} is offered ${body.to} after ${known.errors} errors in ${known.answers} answers`,
          )
        this.#put(key, position, { offered: body.to as Level })
        return
      case 'autonomy.offer-withdrawn':
        this.#put(key, position, { offered: null })
        return
      case 'autonomy.promotion-declined':
        this.#put(key, position, anew)
        return
      case 'autonomy.promoted':
        if (actor !== 'operator' || (known !== undefined && known.offered !== body.to))
          throw new Violation(
            'levels-earned',
            `${key} has got ${body.to} from ${actor}, and it was not offered`,
          )
        this.#put(key, position, { level: body.to as Level, earnedFor: this.#last(key).effect, ...anew })
        return
      case 'autonomy.demoted':
        if (body.cause === 'anomaly') this.#checkAnomaly(key, position, asked)
        else if (actor === 'autonomy' && known !== undefined && !this.#isLost(known, known.effect))
          throw new Violation('levels-lost', `${key} is taken back, and nothing speaks for that`)
        this.#put(key, position, { level: body.to as Level, earnedFor: null, ...anew })
        return
      default:
        this.#put(key, position, { level: body.level as Level, earnedFor: null, ...anew })
    }
  }

  // -- anomalies -----------------------------------------------------------------------------------

  /** What its agent may do by itself is to be taken back. */
  #findAnomaly(position: number, agent: string): void {
    this.#anomalies.set(agent, [...(this.#anomalies.get(agent) ?? []), { position, liftedAt: Infinity }])
    for (const [key, standings] of this.#standings) {
      const last = standings.at(-1)
      if (key.startsWith(`${agent} `) && last !== undefined && isHandedOver(this.#inForce(last, last.effect)))
        this.#toLower.set(key, position)
    }
  }

  /** The operator has seen it: nothing need follow that has not followed yet. */
  #lift(position: number, agent: string): void {
    for (const one of this.#anomalies.get(agent) ?? []) one.liftedAt = Math.min(one.liftedAt, position)
    for (const key of this.#toLower.keys()) if (key.startsWith(`${agent} `)) this.#toLower.delete(key)
  }

  #checkAnomaly(key: string, position: number, asked: Asked | undefined): void {
    const agent = key.slice(0, key.lastIndexOf(' '))
    const head = asked?.head ?? 0
    const found = this.#anomalies.get(agent) ?? []
    if (!found.some((one) => one.position < position && one.liftedAt > head))
      throw new Violation('levels-lost', `${key} is taken back for an anomaly, and there is none`)
  }

  /** To be called without faults, when all that can happen now has happened. @throws Violation */
  checkLowered(): void {
    for (const [key, position] of this.#toLower)
      throw new Violation(
        'levels-lost',
        `${key} is kept though its agent did something unusual at ${position}`,
      )
  }

  /** Answers, and errors among them, by which it is earned or lost. */
  countOf(of: { readonly agent: string; readonly action: string }): readonly [number, number] {
    const { answers, errors } = this.#last(keyOf(of))
    return [answers, errors]
  }

  // -- how it stands -------------------------------------------------------------------------------

  #last(key: string): Standing {
    return this.#standings.get(key)?.at(-1) ?? NEW
  }

  /** As it stood when the log ended there. */
  #at(key: string, head: number): Standing {
    return this.#standings.get(key)?.findLast(({ position }) => position <= head) ?? NEW
  }

  #put(key: string, position: number, changes: Partial<Standing>): Standing {
    const next = { ...this.#last(key), ...changes, position }
    const standings = this.#standings.get(key)
    if (standings === undefined) this.#standings.set(key, [next])
    else standings.push(next)
    return next
  }

  #inForce(standing: Standing, effect: EffectClass): Level {
    return this.#isLost(standing, effect) ? 'review' : this.#earned(standing, effect)
  }

  #earned({ level, ceiling, ceilingFor }: Standing, effect: EffectClass): Level {
    const set = ceiling !== null && isWorse(effect, ceilingFor) ? lower(ceiling, 'review') : ceiling
    return lower(level ?? this.#settings.level, set ?? this.#settings.ceilings[effect])
  }

  /** After too many errors, and where something worse is asked for than the level was earned by. */
  #isLost(standing: Standing, effect: EffectClass): boolean {
    if (!isHandedOver(this.#earned(standing, effect))) return false
    const { drift, earnedFor } = standing
    const sum = drift.reduce((total, one) => total + one, 0) / drift.length
    return sum >= this.#settings.falseAlarmEvery || (earnedFor !== null && isWorse(effect, earnedFor))
  }
}

function about(
  { effect: known, counted, epoch }: Standing,
  effect: EffectClass,
  counts: boolean,
): Partial<Standing> {
  if (counted === epoch && !(counts && isWorse(effect, known))) return {}
  return { effect, counted: counts ? epoch : null }
}

function isWorse(effect: EffectClass, than: EffectClass): boolean {
  return HARMLESS_FIRST.indexOf(effect) > HARMLESS_FIRST.indexOf(than)
}

function isHandedOver(level: Level): boolean {
  return level === 'sampled' || level === 'auto'
}

function lower(a: Level, b: Level): Level {
  return LEVELS.indexOf(a) <= LEVELS.indexOf(b) ? a : b
}

function keyOf({ agent, action }: JsonObject): string {
  return `${agent} ${action}`
}

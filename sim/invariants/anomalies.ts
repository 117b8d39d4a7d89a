/**
 * What is told of an anomaly follows from what the agent has done, reckoned here from the events, and nothing that is
 * too much is let through. In quarantine no effect that is no read leaves without the operator's word, no model is asked,
 * and an agent with a key handles nothing; a lift ends that, and what is counted begins anew.
 */
import { isDeepStrictEqual } from 'node:util'
import { baselineOf } from '../../src/autonomy/anomalies/baseline.ts'
import { judge, scaleOf } from '../../src/autonomy/anomalies/judge.ts'
import { approvalName } from '../../src/kernel/effect-review.ts'
import type { StoredEvent } from '../../src/kernel/event.ts'
import type { JsonObject } from '../../src/kernel/json.ts'
import type { AnomalySettings, Finding, Measure } from '../../src/ports/anomalies.ts'
import { Doings } from './doings.ts'
import { type Asked, type Invariant, runOf, Violation } from './invariant.ts'

/** An agent with a key, by the workflow of its handlings. */
const KEYED = 'agent:'
const HANDLINGS = 'run/agent/'

/** An effect that was allowed, until its intent follows. */
interface Allowed {
  readonly position: number
  readonly counted: JsonObject | null
  readonly asked: Asked | undefined
}

export class AnomaliesTold implements Invariant {
  readonly #settings: AnomalySettings
  readonly #doings: Doings
  /** Agent → what holds: where it was found, and whether it quarantines. */
  readonly #held = new Map<string, { readonly position: number; readonly severity: string }[]>()
  /** What was told, by agent, measure, window, era and severity. */
  readonly #told = new Set<string>()
  readonly #allowed = new Map<string, Allowed>()
  /** Run and effect that the operator has said yes to. */
  readonly #approved = new Set<string>()
  /** Effects that were counted as on their way to the log when something was found there. */
  readonly #missing: { agent: string; number: number; position: number; effects: number }[] = []
  /** Whether something that was on its way to the log may have been refused since the process began. */
  #isUnsure = false

  constructor(settings: AnomalySettings) {
    this.#settings = settings
    this.#doings = new Doings(settings)
  }

  /** Agents that are in quarantine. */
  get quarantined(): string[] {
    return [...this.#held.keys()].filter((agent) => this.#isHeld(agent)).sort()
  }

  /** What was on its way may never come: a process has died, or something was refused. */
  unsure(isUnsure: boolean): void {
    this.#isUnsure = isUnsure
    this.#missing.length = 0
    this.#doings.lost()
  }

  see(event: StoredEvent, asked: Asked | undefined): void {
    const { kind, body, position, stream } = event
    this.#doings.see(event)
    if (body === null) return
    const run = runOf(event) ?? ''
    const name = `${run}\n${String(body.name)}`
    if (kind === 'anomaly.found') this.#find(position, body, asked)
    else if (kind === 'anomaly.lifted') this.#held.delete(String(body.agent))
    else if (kind === 'review.answered') {
      const isYes = body.verdict === 'approved' || body.verdict === 'edited'
      if (isYes && event.actor === 'operator') this.#approved.add(name)
    } else if (kind === 'run.reopened') {
      for (const voided of (body.voided ?? []) as string[]) this.#approved.delete(`${run}\n${voided}`)
    } else if (kind === 'policy.decided') this.#decide(run, name, position, body, asked)
    else if (kind === 'effect.intended') this.#intend(run, name, body)
    else if (kind === 'agent.handled' && event.correlation === null) this.#handle(stream.split('/')[1], event)
    else if (kind === 'run.started' && stream.startsWith(HANDLINGS)) this.#handle(stream.split('/')[2], event)
  }

  end(): void {
    this.#doings.end()
    for (const { agent, position, effects } of this.#missing)
      if (effects > 0)
        throw new Violation(
          'anomalies-told',
          `${effects} effects that ${agent} was about to do at ${position} never came`,
        )
    for (const agent of this.#doings.agents) {
      const number = this.#doings.lastWindow(agent)
      if (number === null || this.#isHeld(agent)) continue
      for (const measure of ['runs', 'failures', 'duration', 'cost'] as const) {
        const sample = this.#doings.soFar(agent, measure, number)
        if (sample === null || sample.value === 0) continue
        const finding = this.#judge(agent, measure, sample, number)
        if (finding !== null && !this.#isTold(agent, measure, number, finding.severity))
          throw new Violation('anomalies-found', `${agent}: ${JSON.stringify(finding)} is not found`)
      }
    }
  }

  // -- what is found -------------------------------------------------------------------------------

  #find(position: number, body: JsonObject, asked: Asked | undefined): void {
    const { anomaly, agent: named, reason, from, to, ...told } = body
    const agent = String(named)
    const finding = told as unknown as Finding
    const { measure, severity, seen, of } = finding
    const number = from == null ? null : Number(from) / this.#settings.windowMs
    const wrong = (what: string): Violation =>
      new Violation('anomalies-told', `${anomaly} of ${agent}, ${JSON.stringify(finding)}: ${what}`)
    const key = [agent, measure, finding.what, number ?? anomaly, this.#doings.eraOf(agent), severity]
    if (this.#told.has(key.join('\n'))) throw wrong('it is told twice')
    this.#told.add(key.join('\n'))
    // What was refused is asked for again later, as it was found.
    if (asked !== undefined && !this.#isUnsure) {
      const expected = this.#judge(agent, measure, { value: seen, of }, number, asked.head, finding.what)
      if (!isDeepStrictEqual(expected, finding)) throw wrong(`it is ${JSON.stringify(expected)}`)
      const why = number === null ? null : this.#whyNotSeen(agent, finding, number, asked.head, position)
      if (why !== null) throw wrong(why)
    }
    this.#held.set(agent, [...(this.#held.get(agent) ?? []), { position, severity }])
  }

  /** Of effects, those that were on their way are counted as well, and the one that is asked about. */
  #whyNotSeen(
    agent: string,
    { measure, seen, of }: Finding,
    number: number,
    head: number,
    position: number,
  ): string | null {
    const sample = this.#doings.soFar(agent, measure, number, head) ?? { value: 0, of: 0 }
    if (measure !== 'effects' && measure !== 'recipients')
      return sample.value === seen && sample.of === of ? null : `${sample.value} of ${sample.of} were there`
    const known = sample.value + this.#doings.between(agent, measure, number, head, position)
    if (measure === 'effects' && seen > known + 1)
      this.#missing.push({ agent, number, position, effects: seen - known - 1 })
    return seen > known ? null : `${known} were there before this one`
  }

  #judge(
    agent: string,
    measure: Measure,
    sample: { readonly value: number; readonly of: number },
    number: number | null,
    head = Number.POSITIVE_INFINITY,
    what: string | null = null,
  ): Finding | null {
    const before =
      number === null
        ? this.#doings.amounts(agent, String(what), head)
        : this.#doings.before(agent, measure, number, head)
    const judged = { agent, measure, ...(what === null ? {} : { what }) }
    return judge(judged, sample, baselineOf(scaleOf(measure), before), this.#settings)
  }

  #isTold(agent: string, measure: Measure, number: number, severity: string): boolean {
    const of = [agent, measure, null, number, this.#doings.eraOf(agent)]
    const key = (one: string): string => [...of, one].join('\n')
    return this.#told.has(key(severity)) || this.#told.has(key('quarantine'))
  }

  // -- what is done --------------------------------------------------------------------------------

  /** @param head up to where the log is looked at */
  #isHeld(agent: string, head = Number.POSITIVE_INFINITY): boolean {
    const held = this.#held.get(agent) ?? []
    return held.some(({ position, severity }) => severity === 'quarantine' && position <= head)
  }

  #decide(run: string, name: string, position: number, body: JsonObject, asked: Asked | undefined): void {
    const request = body.request as { readonly type?: string; readonly operation?: string } | undefined
    if (body.answer !== 'allow') return
    const agent = this.#doings.agentOf(run)
    // What was decided before it was on record may follow it.
    if (request?.type === 'model' && this.#isHeld(agent, asked?.head ?? 0))
      throw new Violation('quarantine-holds', `${run} asks a model, and ${agent} is in quarantine`)
    if (request?.type !== 'effect' || request.operation === 'world.read') return
    this.#allowed.set(name, { position, counted: (body.counted as JsonObject | undefined) ?? null, asked })
  }

  #intend(run: string, name: string, { attempt, input, operation, endorsedBy }: JsonObject): void {
    const allowed = this.#allowed.get(name)
    this.#allowed.delete(name)
    if (allowed === undefined || operation === 'world.read') return
    const agent = this.#doings.agentOf(run)
    const isApproved = this.#approved.has(approvalName(name))
    const { position, counted, asked } = allowed
    if (this.#isHeld(agent, asked?.head ?? 0) && !isApproved)
      throw new Violation('quarantine-holds', `${name} goes on, and ${agent} is in quarantine`)
    if ((counted !== null) !== (attempt === 1))
      throw new Violation('anomalies-found', `attempt ${attempt} of ${name} has ${JSON.stringify(counted)}`)
    if (counted === null) return
    const isOwn = isApproved || endorsedBy !== undefined
    if (isOwn !== (counted.own === true))
      throw new Violation('anomalies-found', `${name} is ${isOwn ? '' : 'not '}the operator's own`)
    const number = this.#doings.note(position, agent, counted, input as JsonObject)
    if (isOwn || asked === undefined) return
    for (const one of this.#missing)
      if (one.agent === agent && one.number === number && asked.head < one.position) one.effects -= 1
    this.#checkLimit(agent, name, number, asked.head)
  }

  /** With this one, there are not so many that the agent is to be in quarantine; too many for its level are told. */
  #checkLimit(agent: string, name: string, number: number, head: number): void {
    for (const measure of ['effects', 'recipients'] as const) {
      const sample = this.#doings.soFar(agent, measure, number)
      if (sample === null || sample.value === 0) continue
      const finding = this.#judge(agent, measure, sample, number, head)
      if (finding === null) continue
      if (finding.severity === 'quarantine')
        throw new Violation('anomalies-found', `${name} is let through: ${JSON.stringify(finding)}`)
      if (!this.#held.has(agent) && !this.#isUnsure)
        throw new Violation('anomalies-found', `nothing is told of ${name}: ${JSON.stringify(finding)}`)
    }
  }

  /** An erasure writes states anew. */
  #handle(agent: string | undefined, { kind, stream, actor }: StoredEvent): void {
    if (actor === `${KEYED}${agent}` && this.#isHeld(`${KEYED}${agent}`))
      throw new Violation('quarantine-holds', `${kind} in ${stream}, and ${agent} is in quarantine`)
  }
}

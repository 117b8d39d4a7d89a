/**
 * Past decisions made anew by another policy, from what is on record of each: what was asked, the label of all that
 * the run had seen, the operator's word, the grants and the spending of that time. Nothing is granted or recorded.
 */

import { approvalName } from '../kernel/effect-review.ts'
import type { NewEvent, StoredEvent } from '../kernel/event.ts'
import { emptyJournal } from '../kernel/journal.ts'
import type { Json, JsonObject } from '../kernel/json.ts'
import { OWNER, SYSTEM } from '../kernel/label.ts'
import { type Closed, expiredBody, type Hold, OpenReservations, reservedBody } from '../kernel/reservation.ts'
import { isOwnersWord, type ReviewVerdict } from '../kernel/review.ts'
import { runOf } from '../kernel/run-stream.ts'
import type { Connector, DeclaredManifest } from '../ports/connector.ts'
import type { EventLog } from '../ports/event-log.ts'
import type { EffectRequest, ModelRequest, Verdict } from '../ports/gate.ts'
import type { Grant } from '../ports/grant.ts'
import type { Model } from '../ports/model.ts'
import type { PolicySettings } from '../ports/policy-settings.ts'
import { argumentsOf, effectAsked, modelAsked, NO_SURROUNDINGS, type Surroundings } from './asked.ts'
import { budgetRules, type Charge, charge, placeKey, type Taken } from './budgets.ts'
import { decide } from './decide.ts'
import { effectCharge, modelCharge } from './deciding.ts'
import { type Known, lookThrough, NOTHING_KNOWN } from './guardrails/outgoing.ts'
import { localDay, quietUntil } from './guardrails/quiet-hours.ts'
import { guardrailsOf } from './guardrails/rules.ts'
import { keyOf } from './guardrails/sent-index.ts'
import { awaySince, presenceIndex } from './presence/presence.ts'
import { bucketsFor, type FullAt, type Left, NO_BUCKETS } from './rates.ts'
import { isOutward } from './taint.ts'

export interface PolicyChange {
  readonly position: number
  readonly time: number
  readonly run: string
  /** Name of the effect or decision in the run. */
  readonly name: string
  readonly operation: string
  readonly before: { readonly answer: string; readonly rule: string }
  readonly after: Verdict
}

export interface PolicyChanges {
  readonly decisions: number
  readonly changed: readonly PolicyChange[]
  /** Of which too little is left to make them anew. */
  readonly skipped: number
}

export interface RedecideOptions {
  readonly connectors: readonly Connector[]
  readonly models: readonly Model[]
  /** As the gate has it. Default: nothing. */
  readonly known?: Partial<Known>
  /** Milliseconds since 1970: what is older is counted for spending, and not made anew. */
  readonly since: number
}

export function redecide(log: EventLog, policy: PolicySettings, options: RedecideOptions): PolicyChanges {
  const past = new Past(policy, options)
  let decisions = 0
  let skipped = 0
  const changed: PolicyChange[] = []
  let last: StoredEvent | null = null
  const judge = (event: StoredEvent, input: Json | undefined): void => {
    // A policy has no say in a stop.
    if (event.body?.rule === 'stop') return
    const after = past.decide(event, input)
    if (event.time < options.since) return
    decisions += 1
    if (after === null) {
      skipped += 1
      return
    }
    const body = event.body as JsonObject
    if (after.answer === body.answer) return
    changed.push({
      position: event.position,
      time: event.time,
      run: runOf(event.stream),
      name: String(body.name),
      operation: String((body.request as JsonObject).operation),
      before: { answer: String(body.answer), rule: String(body.rule) },
      after,
    })
  }
  for (const event of log.read()) {
    if (last !== null) {
      // An intent stands right behind the decision that allowed it, and says what was asked.
      const isIntent = event.stream === last.stream && event.kind.endsWith('.intended')
      judge(last, isIntent ? event.body?.input : undefined)
    }
    last = event.kind === 'policy.decided' ? event : null
    past.see(event)
  }
  if (last !== null) judge(last, undefined)
  return { decisions, changed, skipped }
}

/** What was known at a time, folded as the log goes on. */
class Past {
  readonly #policy: PolicySettings
  readonly #manifests: ReadonlyMap<string, DeclaredManifest>
  readonly #hosts: ReadonlyMap<string, string>
  readonly #runs = new Map<string, { workflow: string; customer: string | null; inputs: Map<string, Json> }>()
  readonly #approved = new Set<string>()
  readonly #grants = new Map<string, Grant>()
  readonly #left = new Map<string, Left>()
  /** What is taken of budgets, by their places; and what of it the other policy would have reserved, by run. */
  readonly #taken = new Map<string, Taken>()
  readonly #open = new Map<string, OpenReservations>()
  readonly #known: Known
  /** By day and customer: effects that would have left. */
  readonly #sent = new Map<string, Set<string>>()
  #seen: number | null = null

  constructor(policy: PolicySettings, { connectors, models, known }: RedecideOptions) {
    this.#policy = policy
    this.#known = { ...NOTHING_KNOWN, ...known }
    this.#hosts = new Map(models.map(({ provider, host }) => [`model.${provider}`, host]))
    this.#manifests = new Map(
      connectors.flatMap(({ name, operations }) =>
        Object.entries(operations).map(([of, { manifest }]) => [`${name}.${of}`, manifest]),
      ),
    )
  }

  see(event: StoredEvent): void {
    const { kind, stream, body, time, position, actor } = event
    if (actor === 'operator' && presenceIndex.kinds.includes(kind)) this.#seen = time
    if (body === null) return
    const run = runOf(stream)
    this.#close(run, { ...event, body }, time)
    switch (kind) {
      case 'run.started':
        this.#runs.set(run, {
          workflow: String(body.workflow),
          customer: (body.customer as string | null) ?? null,
          inputs: new Map(),
        })
        return
      case 'effect.intended':
        this.#runs.get(run)?.inputs.set(String(body.name), body.input ?? null)
        return
      case 'review.answered':
        if (isOwnersWord(body.verdict as ReviewVerdict, String(body.way ?? '')))
          this.#approved.add(`${run}\n${String(body.name)}`)
        return
      case 'grant.given':
        this.#grants.set(String(body.grant), {
          ...(body as unknown as Grant),
          id: String(body.grant),
          givenAt: time,
          position,
        })
        return
      case 'grant.revoked':
        this.#grants.delete(String(body.grant))
        return
      case 'run.completed':
      case 'run.failed':
      case 'run.cancelled':
      case 'run.continued':
        this.#runs.delete(run)
        this.#open.delete(run)
    }
  }

  /** null where too little is on record. */
  decide({ stream, time, label, body }: StoredEvent, intended: Json | undefined): Verdict | null {
    const run = runOf(stream)
    const request = body?.request as JsonObject | undefined
    if (body == null || request === undefined) return null
    const about = this.#runs.get(run)
    const workflow = about?.workflow ?? 'intake'
    const operation = String(request.operation)
    const name = String(body.name)
    const isApproved = this.#approved.has(`${run}\n${approvalName(name)}`)
    const approvedBy = isApproved ? 'on record' : null
    const customer = about?.customer ?? null
    if (request.type === 'model') {
      const asked = { run, name, workflow, customer, label, approvedBy }
      return this.#decideModel(asked, operation, time, body)
    }
    const manifest = this.#manifests.get(operation)
    const input =
      intended ?? request.input ?? about?.inputs.get(name) ?? (about === undefined ? {} : undefined)
    if (manifest === undefined || input === undefined) return null
    const own = (request.own as string[] | undefined) ?? []
    const asked = {
      run,
      workflow,
      customer,
      operation,
      input,
      label,
      arguments: Object.fromEntries(own.map((argument) => [argument, OWNER])),
      externalSince: (request.externalSince as number | undefined) ?? null,
      isUndo: request.type === 'undo',
      approvedBy,
      endorsedBy: (request.endorsedBy as string | undefined) ?? null,
    }
    const { buckets, taken } = asked.isUndo
      ? NO_BUCKETS
      : this.#bucketsOf({ operation, agent: workflow, customer: asked.customer }, time)
    const sent = this.#sentAbout(asked, manifest, time)
    // Allowed without an intent behind it, it was only looked up.
    const isFree = asked.isUndo || (body.answer === 'allow' && intended === undefined)
    const { meters, holds } = isFree ? FREE : this.#charged(effectCharge(asked, manifest), time)
    const { request: about2, labels } = effectAsked(asked, manifest, {
      ...NO_SURROUNDINGS,
      budget: meters,
      rates: buckets,
      segments: segmentsThen(body),
      objections: foundThen(body),
      now: time,
      ...this.#guarded(asked, manifest, time),
      sentToday: new Set(sent).difference(new Set([keyOf(run, name)])).size,
    })
    const verdict = decide(about2, labels, [...this.#grants.values()], this.#policy)
    if (verdict.answer === 'allow') {
      this.#take(taken, time)
      sent.add(keyOf(run, name))
      this.#reserve(run, reservedBody(name, operation, holds), holds, time)
    }
    return verdict
  }

  #guarded(asked: EffectRequest, manifest: DeclaredManifest, time: number): Partial<Surroundings> {
    const { input, customer, isUndo } = asked
    if (isUndo) return {}
    const guardrails = guardrailsOf(this.#policy)
    const leaving = { arguments: argumentsOf(input), customer, manifest }
    const outgoing = lookThrough(leaving, guardrails, this.#known)
    if (!isOutward(manifest.effect)) return { outgoing }
    return {
      outgoing,
      quietUntil: quietUntil(guardrails, time),
      awaySince: awaySince(this.#policy, this.#seen, time),
    }
  }

  /** Of what does not leave, or is about nobody, nothing is counted. */
  #sentAbout({ customer, isUndo }: EffectRequest, { effect }: DeclaredManifest, time: number): Set<string> {
    if (customer === null || isUndo || !isOutward(effect)) return new Set()
    const key = `${localDay(guardrailsOf(this.#policy).timeZone, time)} ${customer}`
    const known = this.#sent.get(key) ?? new Set()
    this.#sent.set(key, known)
    return known
  }

  #decideModel(
    asked: ModelRequest & { readonly name: string },
    operation: string,
    time: number,
    body: JsonObject,
  ): Verdict {
    const { workflow: agent, customer = null } = asked
    const { buckets, taken } = this.#bucketsOf({ operation, agent, customer }, time)
    const { meters, holds } = this.#charged(modelCharge(operation, asked), time)
    const host = this.#hosts.get(operation)
    const around = {
      ...NO_SURROUNDINGS,
      budget: meters,
      rates: buckets,
      segments: segmentsThen(body),
      objections: foundThen(body),
      now: time,
    }
    const { request, labels } = modelAsked(asked, operation, host === undefined ? [] : [host], around)
    const verdict = decide(request, labels, [], this.#policy)
    if (verdict.answer === 'allow') {
      this.#reserve(asked.run, reservedBody(asked.name, operation, holds), holds, time)
      this.#take(taken, time)
    }
    return verdict
  }

  #charged(work: Charge, time: number): ReturnType<typeof charge> {
    return charge(
      work,
      budgetRules(this.#policy),
      time,
      (place) => this.#taken.get(placeKey(place)) ?? { spent: 0, most: 0 },
    )
  }

  #reserve(run: string, body: JsonObject, holds: readonly Hold[], time: number): void {
    if (holds.length === 0) return
    if (!this.#open.has(run)) this.#open.set(run, new OpenReservations())
    this.#settle(run, { kind: 'budget.reserved', actor: 'what-if', label: SYSTEM, body }, time)
    for (const hold of holds) this.#spend(hold, hold.amount)
  }

  /** By the facts alone: what is on record of budgets is of those that were in force. */
  #close(run: string, fact: NewEvent, time: number): void {
    if (!fact.kind.startsWith('budget.')) this.#settle(run, fact, time)
    const late = fact.body.late === true ? this.#open.get(run)?.get(String(fact.body.for)) : undefined
    if (late === undefined) return
    const body = expiredBody(late)
    this.#open.get(run)?.apply({ kind: 'budget.expired', body })
    this.#giveBack(body)
  }

  /** What it really came to, where the other policy had allowed it as well. */
  #settle(run: string, fact: NewEvent, time: number): void {
    const facts = this.#open.get(run)?.withClosings(emptyJournal(run), [fact], time) ?? []
    for (const { body } of facts.slice(0, -1)) this.#giveBack(body)
  }

  #giveBack({ operation, amounts }: JsonObject): void {
    const isCall = String(operation).startsWith('model.')
    for (const { reserved, settled, ...place } of amounts as unknown as readonly Closed[]) {
      this.#spend(place, settled - reserved, isCall ? settled : 0)
    }
  }

  /** @param call what one model call has come to; 0 for anything else */
  #spend(place: Omit<Hold, 'amount'>, amount: number, call = 0): void {
    const { spent, most } = this.#taken.get(placeKey(place)) ?? { spent: 0, most: 0 }
    this.#taken.set(placeKey(place), { spent: spent + amount, most: Math.max(most, call) })
  }

  #bucketsOf(request: Parameters<typeof bucketsFor>[0], time: number): ReturnType<typeof bucketsFor> {
    return bucketsFor(request, this.#policy, time, (bucket) => this.#left.get(bucket))
  }

  #take(taken: FullAt, at: number): void {
    for (const [bucket, fullAt] of Object.entries(taken)) this.#left.set(bucket, { fullAt, at })
  }
}

const FREE = { meters: [], holds: [] }

function segmentsThen({ segments }: JsonObject): readonly string[] {
  return (segments as string[] | undefined) ?? []
}

/** An anomaly was one whatever the policy says. */
function foundThen({ answer, rule, reason }: JsonObject): Verdict[] {
  if ((answer !== 'review' && answer !== 'deny') || !String(rule).startsWith('anomaly.')) return []
  return [{ answer, rule: String(rule), reason: String(reason) }]
}

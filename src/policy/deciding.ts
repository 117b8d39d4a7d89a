/**
 * What the pure function is asked with: grants, budgets, token buckets and objections, as they stand when it is
 * asked. What it allows is counted at once, since its event is still on the way to the log.
 */
import type { EffectWatch } from '../ports/anomalies.ts'
import type { Clock } from '../ports/clock.ts'
import type { DeclaredManifest } from '../ports/connector.ts'
import type {
  EffectRequest,
  Judge,
  ModelRequest,
  ReviewRequest,
  ReviewTime,
  Standing,
  Verdict,
} from '../ports/gate.ts'
import type { Grant } from '../ports/grant.ts'
import type { Model } from '../ports/model.ts'
import type { PolicySettings } from '../ports/policy-settings.ts'
import type { TablesReader } from '../ports/projection.ts'
import { argumentsOf, effectAsked, modelAsked, NO_SURROUNDINGS, type Surroundings } from './asked.ts'
import { dayOf, standingReservations } from './budget-index.ts'
import { budgetRules, type Charge, type Charged, charge, type TakenOf } from './budgets.ts'
import { decide } from './decide.ts'
import { SentCounts } from './guardrails/counting.ts'
import { type Known, lookThrough, NOTHING_KNOWN } from './guardrails/outgoing.ts'
import { localDay, quietUntil } from './guardrails/quiet-hours.ts'
import { guardrailsOf } from './guardrails/rules.ts'
import { awaySince, seenLast } from './presence/presence.ts'
import { bucketsFor, type FullAt, type Left, leftOf, NO_BUCKETS, type RateRequest } from './rates.ts'
import type { Bucket, Meter, PolicyRequest } from './request.ts'
import { type OnCommit, Reservations } from './reservations.ts'
import { reviewTime } from './review-time.ts'
import { isOutward } from './taint.ts'

/** null when there is nothing against it. */
export type Objector = (request: EffectRequest) => Verdict | null

export interface DecidingOptions {
  /** In order of preference; the first is asked. */
  readonly models: readonly Model[]
  /** Read at every decision, so that a changed policy holds from the next one on. */
  readonly settings: () => PolicySettings
  readonly tables: TablesReader
  readonly clock: Pick<Clock, 'now'>
  /** @throws OPERATION_UNKNOWN */
  readonly manifestOf: (operation: string) => DeclaredManifest
  /** Those in force for an operation. Default none. */
  readonly grants?: (operation: string) => readonly Grant[]
  /** Segments that a customer belongs to. Default none. */
  readonly segments?: (customer: string) => readonly string[]
  /** What of other limits on an effect is used up, beside the budgets of the policy. Default none. */
  readonly meters?: (request: EffectRequest) => readonly Meter[]
  /** Why nothing may reach outside; null while work goes on. Default: it is never stopped. */
  readonly stopped?: () => string | null
  /** What guardrails can recognise beside patterns: secrets of the vault, contacts of customers. Default nothing. */
  readonly known?: Partial<Known>
  /**
   * Parts beside the policy that may object, such as levels of autonomy and guardrails: asked in this order, at
   * every decision. What they say goes through the one decision and is on record with its rule.
   */
  readonly objectors?: readonly Objector[]
  /** Looks for anomalies in what is really about to be done, and not in what is only asked. */
  readonly watch?: () => EffectWatch
  /** Tells of every commit: what is reserved is on record then. Default: it counts as under way for good. */
  readonly onCommit?: OnCommit
}

/** What holds at the moment of a decision, and does not of one that is only judged. */
type Present = Pick<Surroundings, 'stopped' | 'sentToday' | 'quietUntil' | 'awaySince'> & {
  /** What is unusual about it, or its agent. */
  readonly found?: Verdict | null
}

const NOT_NOW: Present = {}
const RESERVATION_AGE_MS = 86_400_000
const NOTHING_TAKEN = { spent: 0, most: 0 }
const BUCKETS_IN_MEMORY = 10_000

export class Deciding {
  readonly #options: DecidingOptions
  /** With what is allowed and on its way to the log. */
  readonly reservations: Reservations
  /** Token buckets as they were left, in the same way. */
  readonly #taken = new Map<string, Left>()

  readonly #sent: SentCounts

  constructor(options: DecidingOptions) {
    this.#options = options
    this.reservations = new Reservations(options.tables, options.onCommit)
    this.#sent = new SentCounts(options.tables)
  }

  effect(request: EffectRequest): Verdict {
    const { watch, manifestOf } = this.#options
    const policy = this.#options.settings()
    const manifest = manifestOf(request.operation)
    const sent = this.#countedFor(request, policy)
    const found = watch?.().object(request, manifest) ?? null
    const present = { ...this.#present(request, policy, sent), found }
    const verdict = this.#onEffect(request, policy, present, this.reservations.taken)
    this.#take(verdict, request)
    if (verdict.answer !== 'allow') return verdict
    if (sent !== undefined) this.#sent.add(sent, request.run, request.name ?? '')
    const counted = watch?.().count(request, manifest) ?? null
    return {
      ...verdict,
      ...(sent === undefined ? {} : { sent }),
      ...(counted === null ? {} : { counted }),
    }
  }

  /** With the number of the day by whose budget it was decided. */
  model(operation: string, request: ModelRequest): { readonly verdict: Verdict; readonly day: number } {
    const { clock, settings } = this.#options
    const day = dayOf(clock.now())
    const found = this.#options.watch?.().objectToModel(request) ?? null
    const present = { ...this.#stop(), found }
    const verdict = this.#onModel(operation, request, settings(), present, this.reservations.taken)
    this.#take(verdict, request)
    return { verdict, day }
  }

  #stop(): Present {
    return { stopped: this.#options.stopped?.() ?? null }
  }

  /** A lookup sends nothing: only a stop is in its way. */
  #present(request: EffectRequest, policy: PolicySettings, counted: Verdict['sent']): Present {
    if (request.isLookup) return this.#stop()
    const { tables, clock } = this.#options
    const now = clock.now()
    return {
      ...this.#stop(),
      quietUntil: quietUntil(guardrailsOf(policy), now),
      awaySince: policy.absence == null ? null : awaySince(policy, seenLast(tables), now),
      ...(counted === undefined
        ? {}
        : { sentToday: this.#sent.others(counted, request.run, request.name ?? '') }),
    }
  }

  /** Nothing for what does not leave, and where the policy sets no limit. */
  #countedFor(request: EffectRequest, policy: PolicySettings): Verdict['sent'] {
    const { perCustomerPerDay, timeZone } = guardrailsOf(policy)
    const { customer, operation } = request
    if (perCustomerPerDay === null || customer === null || takesNothing(request)) return undefined
    if (!isOutward(this.#options.manifestOf(operation).effect)) return undefined
    return { customer, day: localDay(timeZone, this.#options.clock.now()) }
  }

  forgo(run: string, name?: string): void {
    this.reservations.forgo(run, name)
    this.#options.watch?.().forgo(run, name)
  }

  /** null where no budget limits the operator's time. */
  review(request: ReviewRequest): ReviewTime | null {
    const { clock, settings } = this.#options
    const time = reviewTime(request, settings(), clock.now(), this.reservations.taken)
    if (time !== null) this.reservations.reserve(request.run, request.name, time.holds)
    return time
  }

  reservationAgeMs(): number {
    return this.#options.settings().budget.expireAfterMs ?? RESERVATION_AGE_MS
  }

  standing(before?: number): readonly Standing[] {
    return standingReservations(this.#options.tables, before)
  }

  /** Nothing is taken by it, and what holds at this moment only is left out: it is asked about others. */
  judge(policy = this.#options.settings()): Judge {
    return {
      effect: (request) => this.#onEffect(request, policy, NOT_NOW, () => NOTHING_TAKEN),
      model: (operation, request, runMicros) =>
        this.#onModel(operation, request, policy, NOT_NOW, ({ budget }) =>
          budget === 'run' ? { spent: runMicros, most: 0 } : NOTHING_TAKEN,
        ),
    }
  }

  /** With what it takes from token buckets and budgets, where it is allowed. */
  #onEffect(
    request: EffectRequest,
    policy: PolicySettings,
    { found, ...present }: Present,
    takenOf: TakenOf,
  ): Verdict {
    const { manifestOf, grants = () => [], meters = () => [] } = this.#options
    const manifest = manifestOf(request.operation)
    const { operation, workflow: agent, customer } = request
    const charged = this.#charged(request, manifest, policy, takenOf)
    const { buckets, taken } = takesNothing(request)
      ? NO_BUCKETS
      : this.#bucketsOf({ operation, agent, customer }, policy)
    const budget = [...charged.meters, ...meters(request)]
    const asked = effectAsked(request, manifest, {
      ...this.#around(request, budget, buckets, found),
      ...present,
      ...this.#outgoing(request, manifest, policy),
    })
    const verdict = withTaken(decide(asked.request, asked.labels, grants(operation), policy), taken, charged)
    return withSegments(verdict, asked.request)
  }

  #charged(
    request: EffectRequest,
    manifest: DeclaredManifest,
    policy: PolicySettings,
    takenOf: TakenOf,
  ): Charged {
    if (takesNothing(request) || request.name === undefined) return NOT_CHARGED
    const rules = budgetRules(policy)
    if (rules.length === 0) return NOT_CHARGED
    return charge(effectCharge(request, manifest), rules, this.#options.clock.now(), takenOf)
  }

  #onModel(
    operation: string,
    request: ModelRequest,
    policy: PolicySettings,
    { found, ...present }: Present,
    takenOf: TakenOf,
  ): Verdict {
    const { models, clock } = this.#options
    const model = models.find(({ provider }) => `model.${provider}` === operation)
    const hosts = model === undefined ? [] : [model.host]
    const { workflow: agent, customer = null } = request
    const { buckets, taken } = this.#bucketsOf({ operation, agent, customer }, policy)
    const charged = charge(modelCharge(operation, request), budgetRules(policy), clock.now(), takenOf)
    const objections = found == null ? [] : [found]
    const around = {
      ...NO_SURROUNDINGS,
      budget: charged.meters,
      rates: buckets,
      segments: this.#segmentsOf(customer),
      objections,
      now: clock.now(),
      ...present,
    }
    const asked = modelAsked(request, operation, hosts, around)
    const verdict = withTaken(decide(asked.request, asked.labels, [], policy), taken, charged)
    return withSegments(verdict, asked.request)
  }

  #around(
    request: EffectRequest,
    budget: readonly Meter[],
    rates: readonly Bucket[],
    found: Verdict | null = null,
  ): Surroundings {
    const { objectors = [], clock } = this.#options
    return {
      budget,
      rates,
      segments: this.#segmentsOf(request.customer),
      objections: [
        ...objectors.flatMap((object) => object(request) ?? []),
        ...(found === null ? [] : [found]),
      ],
      now: clock.now(),
    }
  }

  #segmentsOf(customer: string | null): readonly string[] {
    return customer === null ? [] : (this.#options.segments?.(customer) ?? [])
  }

  #outgoing(
    request: EffectRequest,
    manifest: DeclaredManifest,
    policy: PolicySettings,
  ): Pick<Surroundings, 'outgoing'> {
    if (takesNothing(request)) return {}
    const { input, customer } = request
    const known = { ...NOTHING_KNOWN, ...this.#options.known }
    const leaving = { arguments: argumentsOf(input), customer, manifest }
    return { outgoing: lookThrough(leaving, guardrailsOf(policy), known) }
  }

  #bucketsOf(request: RateRequest, policy: PolicySettings): ReturnType<typeof bucketsFor> {
    if (policy.rates === undefined || policy.rates.length === 0) return NO_BUCKETS
    const { tables, clock } = this.#options
    return bucketsFor(
      request,
      policy,
      clock.now(),
      (bucket) => this.#taken.get(bucket) ?? leftOf(tables, bucket),
    )
  }

  #take({ took = {}, holds = [] }: Verdict, { run, name }: EffectRequest | ModelRequest): void {
    if (name !== undefined) this.reservations.reserve(run, name, holds)
    for (const [bucket, fullAt] of Object.entries(took)) {
      if (this.#taken.size >= BUCKETS_IN_MEMORY) this.#forgetFull()
      this.#taken.set(bucket, { fullAt, at: this.#options.clock.now() })
    }
  }

  #forgetFull(): void {
    const now = this.#options.clock.now()
    for (const [bucket, { fullAt }] of this.#taken) if (fullAt <= now) this.#taken.delete(bucket)
  }
}

/** To find out what became of an effect, or to take it back, takes nothing from any limit, and nothing along. */
function takesNothing({ isLookup, isUndo }: EffectRequest): boolean {
  return isLookup === true || isUndo === true
}

const NOT_CHARGED: Charged = { meters: [], holds: [] }

function withTaken(verdict: Verdict, took: FullAt, { holds }: Charged): Verdict {
  if (verdict.answer !== 'allow') return verdict
  return {
    ...verdict,
    ...(Object.keys(took).length > 0 ? { took } : {}),
    ...(holds.length > 0 ? { holds } : {}),
  }
}

/** With those of the customer, so that it can be decided anew. */
function withSegments(verdict: Verdict, { segments }: PolicyRequest): Verdict {
  return segments.length === 0 ? verdict : { ...verdict, segments }
}

/** What an effect is to the budgets. */
export function effectCharge(
  { run, operation, workflow: agent, customer, input }: EffectRequest,
  { priceMicros }: DeclaredManifest,
): Charge {
  return { run, operation, agent, customer, is: 'effect', priceMicros, arguments: argumentsOf(input) }
}

/** What a model call is to the budgets. */
export function modelCharge(operation: string, request: ModelRequest): Charge {
  const { run, workflow: agent, customer = null } = request
  return { run, operation, agent, customer, is: 'model', priceMicros: 0, arguments: {} }
}

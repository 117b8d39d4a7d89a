/**
 * What the pure function is asked with: grants, spending, token buckets and objections, as they stand when it is
 * asked. What it allows is counted at once, since its event is still on the way to the log.
 */
import type { EffectWatch } from '../ports/anomalies.ts'
import type { Clock } from '../ports/clock.ts'
import type { DeclaredManifest } from '../ports/connector.ts'
import type { EffectRequest, Judge, ModelRequest, Verdict } from '../ports/gate.ts'
import type { Grant } from '../ports/grant.ts'
import type { Model } from '../ports/model.ts'
import type { PolicySettings } from '../ports/policy-settings.ts'
import type { TablesReader } from '../ports/projection.ts'
import { effectAsked, modelAsked, NO_SURROUNDINGS, type Surroundings } from './asked.ts'
import { decide } from './decide.ts'
import { modelMeters, type Spending } from './limits.ts'
import { bucketsFor, type FullAt, fullAtOf, type RateRequest } from './rates.ts'
import type { Bucket, Meter } from './request.ts'
import { dayOf, spendingOf } from './spending.ts'

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
  /** What of an effect's budgets is used up. Default: effects have none. */
  readonly meters?: (request: EffectRequest) => readonly Meter[]
  /**
   * Parts beside the policy that may object, such as levels of autonomy and guardrails: asked in this order, at
   * every decision. What they say goes through the one decision and is on record with its rule.
   */
  readonly objectors?: readonly Objector[]
  /** Looks for anomalies in what is really about to be done, and not in what is only asked. */
  readonly watch?: () => EffectWatch
}

const BUCKETS_IN_MEMORY = 10_000
const NO_BUCKETS = { buckets: [], taken: {} } as const
const NOTHING_SPENT: Spending = { todayMicros: 0, runMicros: 0, callsToday: 0 }

export class Deciding {
  readonly #options: DecidingOptions
  /** Model calls allowed by day, those included whose decision is still on its way to the log. */
  readonly #allowed = new Map<number, number>()
  /** Token buckets as they were left, in the same way. */
  readonly #taken = new Map<string, number>()

  constructor(options: DecidingOptions) {
    this.#options = options
  }

  effect(request: EffectRequest): Verdict {
    const { settings, watch, manifestOf } = this.#options
    const manifest = manifestOf(request.operation)
    const objection = watch?.().object(request, manifest) ?? null
    const verdict = this.#onEffect(request, settings(), objection === null ? [] : [objection])
    this.#take(verdict)
    const counted = verdict.answer === 'allow' ? (watch?.().count(request, manifest) ?? null) : null
    return counted === null ? verdict : { ...verdict, counted }
  }

  /** With the number of the day by whose budget it was decided. */
  model(operation: string, request: ModelRequest): { readonly verdict: Verdict; readonly day: number } {
    const { tables, clock, settings } = this.#options
    const now = clock.now()
    const spent = spendingOf(tables, request.run, now)
    const day = dayOf(now)
    const callsToday = Math.max(spent.callsToday, this.#allowed.get(day) ?? 0)
    const objection = this.#options.watch?.().objectToModel(request) ?? null
    const verdict = this.#onModel(operation, request, { ...spent, callsToday }, settings(), objection)
    this.#take(verdict)
    if (verdict.answer === 'allow') this.#allowed.set(day, callsToday + 1)
    return { verdict, day }
  }

  /** Nothing is taken by it. */
  judge(policy = this.#options.settings()): Judge {
    return {
      effect: (request) => this.#onEffect(request, policy),
      model: (operation, request, runMicros) =>
        this.#onModel(operation, request, { ...NOTHING_SPENT, runMicros }, policy),
    }
  }

  /** With what it takes from token buckets, where it is allowed. */
  #onEffect(request: EffectRequest, policy: PolicySettings, objections: readonly Verdict[] = []): Verdict {
    const { manifestOf, grants = () => [] } = this.#options
    const manifest = manifestOf(request.operation)
    const { operation, workflow: agent, customer } = request
    const { buckets, taken } = request.isLookup
      ? NO_BUCKETS
      : this.#bucketsOf({ operation, agent, customer }, policy)
    const asked = effectAsked(request, manifest, this.#around(request, buckets, objections))
    const verdict = withTaken(decide(asked.request, asked.labels, grants(operation), policy), taken)
    const { segments } = asked.request
    return segments.length === 0 ? verdict : { ...verdict, segments }
  }

  #onModel(
    operation: string,
    request: ModelRequest,
    spent: Spending,
    policy: PolicySettings,
    objection: Verdict | null = null,
  ): Verdict {
    const { models, clock } = this.#options
    const model = models.find(({ provider }) => `model.${provider}` === operation)
    const hosts = model === undefined ? [] : [model.host]
    const { buckets, taken } = this.#bucketsOf({ operation, agent: request.workflow, customer: null }, policy)
    const budget = modelMeters(policy, spent)
    const objections = objection === null ? [] : [objection]
    const around = { ...NO_SURROUNDINGS, budget, rates: buckets, objections, now: clock.now() }
    const asked = modelAsked(request, operation, hosts, around)
    return withTaken(decide(asked.request, asked.labels, [], policy), taken)
  }

  #around(request: EffectRequest, rates: readonly Bucket[], objected: readonly Verdict[]): Surroundings {
    const { segments = () => [], meters = () => [], objectors = [], clock } = this.#options
    return {
      budget: meters(request),
      rates,
      segments: request.customer === null ? [] : segments(request.customer),
      objections: [...objectors.flatMap((object) => object(request) ?? []), ...objected],
      now: clock.now(),
    }
  }

  #bucketsOf(request: RateRequest, policy: PolicySettings): ReturnType<typeof bucketsFor> {
    if (policy.rates === undefined || policy.rates.length === 0) return NO_BUCKETS
    const { tables, clock } = this.#options
    return bucketsFor(request, policy, clock.now(), (bucket) =>
      Math.max(this.#taken.get(bucket) ?? 0, fullAtOf(tables, bucket) ?? 0),
    )
  }

  #take({ took = {} }: Verdict): void {
    for (const [bucket, fullAt] of Object.entries(took)) {
      if (this.#taken.size >= BUCKETS_IN_MEMORY) this.#forgetFull()
      this.#taken.set(bucket, fullAt)
    }
  }

  #forgetFull(): void {
    const now = this.#options.clock.now()
    for (const [bucket, fullAt] of this.#taken) if (fullAt <= now) this.#taken.delete(bucket)
  }
}

function withTaken(verdict: Verdict, took: FullAt): Verdict {
  return verdict.answer === 'allow' && Object.keys(took).length > 0 ? { ...verdict, took } : verdict
}

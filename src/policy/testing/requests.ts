/** Requests to the policy for tests: what is not given is nothing out of the ordinary. */
import { SYSTEM } from '../../kernel/label.ts'
import type { Grant } from '../../ports/grant.ts'
import type { PolicySettings } from '../../ports/policy-settings.ts'
import { budgetRules, charge } from '../budgets.ts'
import type { Meter, PolicyRequest, RequestLabels } from '../request.ts'

export function settings(given: {
  operations?: Partial<PolicySettings['operations']>
  egress?: readonly string[]
  budget?: Partial<PolicySettings['budget']>
  more?: Partial<PolicySettings>
}): PolicySettings {
  return {
    operations: { allow: [], deny: [], review: [], ...given.operations },
    egress: { allow: given.egress ?? [] },
    budget: { perDayUsd: null, perRunUsd: null, modelCallsPerDay: null, ...given.budget },
    ...given.more,
  }
}

type Given = Partial<Omit<PolicyRequest, 'manifest'>> & { manifest?: Partial<PolicyRequest['manifest']> }

export function send({ manifest, ...more }: Given = {}): PolicyRequest {
  return {
    operation: 'smtp.send',
    manifest: { effect: 'external', criticalArguments: ['to'], hosts: [], ...manifest },
    isModelCall: false,
    arguments: { to: 'ada@ek.example' },
    agent: 'flow',
    customer: null,
    segments: [],
    approved: false,
    endorsed: false,
    budget: [],
    rates: [],
    objections: [],
    externalSince: null,
    now: 1_000,
    ...more,
  }
}

export const NOTHING_READ: RequestLabels = { context: { ...SYSTEM, readPrivate: false }, arguments: {} }

export function grant(more: Partial<Grant> = {}): Grant {
  return {
    id: 'g-1',
    operation: 'smtp.send',
    agent: null,
    customer: null,
    segment: null,
    arguments: {},
    expiresAt: null,
    givenAt: 0,
    position: 0,
    ...more,
  }
}

/** What models have cost, in millionths of a dollar, and how often they were asked today. */
export interface Spent {
  readonly todayMicros?: number
  readonly runMicros?: number
  readonly callsToday?: number
}

/** Of a model call by the policy's own budgets, beside what was spent. */
export function modelMeters(policy: PolicySettings, spent: Spent): readonly Meter[] {
  const work = { run: 'r', operation: 'model.openai', agent: 'flow', customer: null, is: 'model' } as const
  const sums: Readonly<Record<string, number | undefined>> = {
    day: spent.todayMicros,
    run: spent.runMicros,
    calls: spent.callsToday,
  }
  const taken = ({ budget }: { budget: string }) => ({ spent: sums[budget] ?? 0, most: 0 })
  return charge({ ...work, priceMicros: 0, arguments: {} }, budgetRules(policy), 0, taken).meters
}

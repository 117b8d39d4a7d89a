/** What one decision of the policy costs: with 200 access rules, 20 grants, and content from outside in the context. */
import { decide } from '../src/policy/decide.ts'
import type { PolicyRequest, RequestLabels } from '../src/policy/request.ts'
import type { Grant } from '../src/ports/grant.ts'
import type { AccessRule, PolicySettings } from '../src/ports/policy-settings.ts'

const RULES = 200
const CALLS = 200_000

const access = Array.from({ length: RULES }, (_, i): AccessRule => {
  const answer = i % 10 === 0 ? 'deny' : i % 7 === 0 ? 'review' : 'allow'
  // Every tenth speaks of what is asked for, for another agent or customer; the last one allows it.
  const isAbout = i % 10 === 3 || i === RULES - 1
  return {
    agents: isAbout && i !== RULES - 1 ? [`agent-${i}`] : ['*'],
    operations: isAbout ? ['mail.*'] : [`system-${i}.*`],
    customers: ['*'],
    answer,
  }
})

const policy: PolicySettings = {
  operations: { allow: [], deny: [], review: [] },
  access,
  egress: { allow: ['api.example'] },
  addressBook: Array.from({ length: 50 }, (_, i) => `friend-${i}@example.com`),
  budget: { perDayUsd: null, perRunUsd: null, modelCallsPerDay: null },
}

const grants = Array.from(
  { length: 20 },
  (_, i): Grant => ({
    id: `g-${i}`,
    operation: 'mail.send',
    agent: i === 19 ? 'lead' : `agent-${i}`,
    customer: null,
    segment: null,
    arguments: {},
    expiresAt: null,
    givenAt: 0,
    position: i,
  }),
)

const request: PolicyRequest = {
  operation: 'mail.send',
  manifest: { effect: 'external', criticalArguments: ['to'], hosts: ['api.example'] },
  isModelCall: false,
  arguments: {
    to: [{ name: 'A friend', address: 'friend-49@example.com' }],
    subject: 'Re: your mail',
    text: 'Gladly. '.repeat(60),
  },
  agent: 'lead',
  customer: 'c-1',
  segments: ['vip'],
  approved: false,
  endorsed: false,
  budget: [{ name: 'day', unit: '$', limit: 5, spent: 1 }],
  rates: [{ name: 'rates[0]', tokens: 3, nextAt: 0 }],
  objections: [],
  externalSince: 100,
  now: 1,
}

const labels: RequestLabels = {
  context: { trust: 'external', sources: ['mail:m-1'], readers: null, readPrivate: false },
  arguments: {},
}

/** Microseconds of one decision, p99. */
export function decisionMicros(): number {
  const { answer, rule } = decide(request, labels, grants, policy)
  if (answer !== 'allow' || rule !== 'taint.granted') throw new Error(`the bench asks for ${rule}`)
  return p99(() => void decide(request, labels, grants, policy))
}

/** The same of a function that does nothing. */
export function nothingMicros(): number {
  return p99(() => {})
}

function p99(call: () => void): number {
  // Compiled first, as in a process that has been up for a while.
  for (let i = 0; i < CALLS / 4; i += 1) call()
  const times = new Float64Array(CALLS)
  for (let i = 0; i < CALLS; i += 1) {
    const began = performance.now()
    call()
    times[i] = performance.now() - began
  }
  return (times.sort()[Math.floor(CALLS * 0.99)] ?? Number.NaN) * 1000
}

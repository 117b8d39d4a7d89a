/** Random access rules and requests, compared with Cedar. */
import type { AccessRule, PolicySettings } from '../../ports/policy-settings.ts'
import { decide } from '../decide.ts'
import type { PolicyRequest } from '../request.ts'
import { cedarAnswer, setCedarPolicies } from './cedar.ts'
import { NOTHING_READ, send, settings } from './requests.ts'

/** Requests that are tried on one set of rules. */
const REQUESTS = 50

const PATTERNS = ['*', 'smtp.*', 'smtp.send', 'smtp.send.now', 'crm.*', 'crm.note', 'crm.notes']
const OPERATIONS = [
  'smtp.send',
  'smtp.send.now',
  'smtp.sender',
  'crm.note',
  'crm.notes',
  'smtpx.send',
  'smtp',
]
const AGENTS = ['*', 'lead', 'invoice', 'lead "x"', 'agent:lead']
const CUSTOMERS = ['*', 'c-1', 'c-2', 'segment:vip', 'segment:new']
const ANSWERS = ['allow', 'deny', 'review'] as const

export interface AccessReport {
  readonly cases: number
  readonly answers: Readonly<Record<string, number>>
  readonly differences: readonly string[]
}

/** @param chance gives numbers in [0, 1). */
export function compareWithCedar(cases: number, chance: () => number): AccessReport {
  const answers: Record<string, number> = {}
  const differences: string[] = []
  const below = (most: number): number => Math.floor(chance() * most)
  const pick = <T>(list: readonly T[]): T => list[below(list.length)] as T
  const some = <T>(list: readonly T[], least: number, most: number): T[] =>
    Array.from({ length: least + below(most - least + 1) }, () => pick(list))
  let policy: PolicySettings = settings({})
  for (let n = 0; n < cases; n += 1) {
    if (n % REQUESTS === 0) {
      policy = randomPolicy(some, pick)
      setCedarPolicies(policy)
    }
    const request = randomRequest(some, pick)
    const cedar = cedarAnswer(request)
    const { answer, rule } = decide(request, NOTHING_READ, [], policy)
    const ours = rule === 'access.unlisted' ? 'unlisted' : answer
    answers[cedar] = (answers[cedar] ?? 0) + 1
    if (ours !== cedar) differences.push(JSON.stringify({ ours, cedar, request, policy }))
  }
  return { cases, answers, differences }
}

type Some = <T>(list: readonly T[], least: number, most: number) => T[]
type Pick = <T>(list: readonly T[]) => T

function randomPolicy(some: Some, pick: Pick): PolicySettings {
  const access = some(ANSWERS, 0, 6).map(
    (answer): AccessRule => ({
      answer,
      operations: some(PATTERNS, 1, 2),
      agents: some(AGENTS, 1, 2),
      customers: some(CUSTOMERS, 1, 2),
    }),
  )
  const list = (): string[] => (pick([true, false]) ? some(PATTERNS.slice(1), 0, 2) : [])
  return settings({ operations: { allow: list(), deny: list(), review: list() }, more: { access } })
}

function randomRequest(some: Some, pick: Pick): PolicyRequest {
  return send({
    operation: pick(OPERATIONS),
    manifest: { effect: 'read' },
    agent: pick([
      null,
      'lead',
      'invoice',
      'lead "x"',
      'other',
      'agent:lead',
      'agent:other',
      'agent:agent:lead',
    ]),
    customer: pick([null, 'c-1', 'c-2', 'c-3']),
    segments: some(['vip', 'new', 'c-1'], 0, 2),
    approved: pick([true, false, false]),
  })
}

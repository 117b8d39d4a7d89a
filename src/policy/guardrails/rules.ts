/**
 * Guardrails: what leaves is looked at once more, whoever asked for it. A secret is denied, for good; the others are a
 * review, which the operator's approval of exactly this lifts, or a denial where the policy says so.
 */
import type { Verdict } from '../../ports/gate.ts'
import type { Guardrails, PolicySettings } from '../../ports/policy-settings.ts'
import type { PolicyRequest, RequestLabels } from '../request.ts'
import { leaves } from '../taint.ts'

export const GUARDRAILS: Guardrails = {
  secrets: 'deny',
  personalData: { answer: 'review', nationalIds: [], allow: [] },
  overLimit: 'review',
  maxLength: null,
  maxRecipients: null,
  attachments: { maxCount: null, maxBytes: null, types: null },
  perCustomerPerDay: null,
  timeZone: 'UTC',
  quietHours: null,
}

export function guardrailsOf({ guardrails = GUARDRAILS }: PolicySettings): Guardrails {
  return guardrails
}

export function noSecret(request: PolicyRequest, policy: PolicySettings): Verdict | null {
  const secret = request.outgoing?.secret ?? null
  if (secret === null) return null
  const reason = `${secret.argument} of ${request.operation} holds ${secret.what}`
  return answered(guardrailsOf(policy).secrets, request, 'guard.secret', reason)
}

/** What the operator has seen and approved, byte for byte, in a proposal is not put to the operator again. */
export function noPersonalData(
  request: PolicyRequest,
  labels: RequestLabels,
  policy: PolicySettings,
): Verdict | null {
  const isSeen = (argument: string): boolean =>
    request.endorsed &&
    Object.hasOwn(labels.arguments, argument) &&
    labels.arguments[argument]?.trust === 'owner'
  const found = request.outgoing?.personal.find(({ argument }) => !isSeen(argument))
  if (found === undefined) return null
  const reason = `${found.argument} of ${request.operation} holds ${found.what}`
  return answered(guardrailsOf(policy).personalData.answer, request, 'guard.personal', reason)
}

export function shortEnough(request: PolicyRequest, policy: PolicySettings): Verdict | null {
  const { maxLength, overLimit } = guardrailsOf(policy)
  const length = request.outgoing?.length ?? 0
  if (maxLength === null || length <= maxLength) return null
  return answered(overLimit, request, 'guard.length', `${length} characters, the limit is ${maxLength}`)
}

export function fewEnough(request: PolicyRequest, policy: PolicySettings): Verdict | null {
  const { maxRecipients, overLimit } = guardrailsOf(policy)
  const recipients = request.outgoing?.recipients ?? 0
  if (maxRecipients === null || recipients <= maxRecipients) return null
  return answered(
    overLimit,
    request,
    'guard.recipients',
    `${recipients} recipients, the limit is ${maxRecipients}`,
  )
}

export function attachmentsAllowed(request: PolicyRequest, policy: PolicySettings): Verdict | null {
  const { attachments: limits, overLimit } = guardrailsOf(policy)
  const why = request.outgoing === undefined ? null : overAttached(request.outgoing.attachments, limits)
  return why === null ? null : answered(overLimit, request, 'guard.attachments', why)
}

type Attachments = NonNullable<PolicyRequest['outgoing']>['attachments']

function overAttached(
  files: Attachments,
  { maxCount, maxBytes, types }: Guardrails['attachments'],
): string | null {
  if (maxCount !== null && files.length > maxCount)
    return `${files.length} attachments, the limit is ${maxCount}`
  const unsized = files.find(({ bytes }) => bytes === null)
  if (maxBytes !== null && unsized !== undefined) return `how large ${nameOf(unsized)} is can't be told`
  const bytes = files.reduce((sum, file) => sum + (file.bytes ?? 0), 0)
  if (maxBytes !== null && bytes > maxBytes) return `${bytes} bytes are attached, the limit is ${maxBytes}`
  const stranger = types === null ? undefined : files.find(({ type }) => !isOfType(type, types))
  return stranger === undefined
    ? null
    : `${nameOf(stranger)} is ${stranger.type ?? 'of no type that is told'}`
}

function nameOf({ name }: { readonly name: string }): string {
  return name === '' ? 'an attachment' : `the attachment ${name}`
}

function isOfType(type: string | null, types: readonly string[]): boolean {
  if (type === null) return false
  return types.some((one) => one === type || (one.endsWith('/*') && type.startsWith(one.slice(0, -1))))
}

export function seldomEnough(request: PolicyRequest, policy: PolicySettings): Verdict | null {
  const { perCustomerPerDay: limit, overLimit } = guardrailsOf(policy)
  const { sentToday = 0, customer } = request
  if (limit === null || customer === null || !leaves(request) || sentToday < limit) return null
  const reason = `${sentToday} effects about ${customer} have left today, the limit is ${limit}`
  return answered(overLimit, request, 'guard.day', reason)
}

/** The last to be asked: it is held until then, and goes by itself if nothing else speaks against it. */
export function notQuiet(request: PolicyRequest): Verdict | null {
  const { quietUntil = null, approved } = request
  if (quietUntil === null || approved || !leaves(request)) return null
  const reason = `it is quiet until ${new Date(quietUntil).toISOString()}`
  return { answer: 'review', rule: 'guard.quiet', reason, until: quietUntil }
}

/** What leaves waits for the operator's word while the operator is away, approved proposals included. */
export function operatorIsThere(request: PolicyRequest): Verdict | null {
  const { awaySince, approved } = request
  if (awaySince === undefined || awaySince === null || approved || !leaves(request)) return null
  const since = awaySince === 0 ? 'yet' : `since ${new Date(awaySince).toISOString()}`
  return { answer: 'review', rule: 'absence', reason: `you have not been seen ${since}` }
}

function answered(
  answer: Guardrails['secrets'],
  { approved }: PolicyRequest,
  rule: string,
  reason: string,
): Verdict | null {
  if (answer === 'off' || (answer === 'review' && approved)) return null
  return { answer, rule, reason }
}

/**
 * Taint, and the rule of two: what came from outside does not decide what leaves.
 *
 * With content from outside in the context, an effect that is no read and can't be taken back runs alone only if a
 * grant that was given before names it, and every critical argument is the owner's own or in the address book. An
 * effect that leaves after private data was read, or with a link that is not the owner's, is a review.
 *
 * The ideas: CaMeL (Debenedetti et al., 2025) for control apart from data, Meta's Agents Rule of Two (2025).
 */
import type { Label } from '../kernel/label.ts'
import type { EffectClass } from '../ports/connector.ts'
import type { Verdict } from '../ports/gate.ts'
import type { Grant } from '../ports/grant.ts'
import type { PolicySettings } from '../ports/policy-settings.ts'
import { holdsLink } from './links.ts'
import type { PolicyRequest, RequestLabels } from './request.ts'
import { isInBook } from './values.ts'

/** Whether it leaves the machine, is seen by others, or can't be taken back. */
export function leaves({ manifest }: PolicyRequest): boolean {
  return isOutward(manifest.effect)
}

export function isOutward(effect: EffectClass): boolean {
  return effect !== 'read' && effect !== 'reversible'
}

/** Whether anything from outside could have a say in it. */
export function isTainted(labels: RequestLabels): boolean {
  if (labels.context.trust === 'external') return true
  return Object.values(labels.arguments).some(({ trust }) => trust === 'external')
}

function isAsked(request: PolicyRequest, labels: RequestLabels): boolean {
  return leaves(request) && !request.approved && isTainted(labels)
}

export function criticalArguments(
  request: PolicyRequest,
  labels: RequestLabels,
  { addressBook = [] }: PolicySettings,
): Verdict | null {
  if (!isAsked(request, labels)) return null
  const name = criticalNames(request).find(
    (one) => labelOf(labels, one).trust !== 'owner' && !isInBook(request.arguments[one] ?? null, addressBook),
  )
  if (name === undefined) return null
  const from = sourcesText(labelOf(labels, name))
  return review('taint.argument', `${name} of ${request.operation} is not your own word${from}`)
}

export function grantedBefore(
  request: PolicyRequest,
  labels: RequestLabels,
  _: PolicySettings,
  granted: () => Grant | undefined,
): Verdict | null {
  if (!isAsked(request, labels) || request.endorsed || granted() !== undefined) return null
  const from = sourcesText(labels.context)
  return review(
    'taint.grant',
    `what came from outside is in the context${from}, and no grant from before allows ${request.operation}`,
  )
}

export function privateStays(request: PolicyRequest, labels: RequestLabels): Verdict | null {
  if (!leaves(request) || request.approved || !holdsPrivate(labels)) return null
  const names = Object.keys(request.arguments)
  const isSeen = names.length > 0 && names.every((name) => labelOf(labels, name).trust === 'owner')
  if (request.endorsed && isSeen) return null
  return review('two.private', `private data was read, and ${request.operation} leaves`)
}

/** What may not be read by everybody, read or handed over. */
function holdsPrivate({ context, arguments: labels }: RequestLabels): boolean {
  if (context.readPrivate || context.readers !== null) return true
  return Object.values(labels).some(({ readers }) => readers !== null)
}

export function ownLinks(request: PolicyRequest, labels: RequestLabels): Verdict | null {
  if (!isAsked(request, labels)) return null
  const name = Object.keys(request.arguments).find(
    (one) =>
      labelOf(labels, one).trust !== 'owner' && (holdsLink(one) || holdsLink(request.arguments[one] ?? null)),
  )
  if (name === undefined) return null
  const from = sourcesText(labelOf(labels, name))
  return review('two.link', `${name} of ${request.operation} holds a link that is not yours${from}`)
}

/** Those that are there: one that is not given touches nothing. */
function criticalNames({ manifest, arguments: given }: PolicyRequest): readonly string[] {
  if (manifest.criticalArguments.includes('*')) return Object.keys(given)
  return manifest.criticalArguments.filter((name) => Object.hasOwn(given, name) && given[name] !== null)
}

function labelOf({ context, arguments: labels }: RequestLabels, name: string): Label {
  return Object.hasOwn(labels, name) ? (labels[name] ?? context) : context
}

/** Sources that a reason names; the others are in the label. */
const NAMED = 3

function sourcesText({ sources }: Label): string {
  if (sources.length === 0) return ''
  const more = sources.length > NAMED ? ` and ${sources.length - NAMED} more` : ''
  return ` (${sources.slice(0, NAMED).join(', ')}${more})`
}

function review(rule: string, reason: string): Verdict {
  return { answer: 'review', rule, reason }
}

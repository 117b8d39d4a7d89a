/** Delegations: what each speaks for, how often it was used, and whether it stands. */
import type { Delegation } from '../../../runtime/reviews/delegation-index.ts'
import { constraintTexts } from './scope-text.ts'
import { age, count, moment, table, type View, whatNext } from './view.ts'

export function delegationsView(delegations: readonly Delegation[], view: View): string {
  const { dim } = view.colors
  if (delegations.length === 0) return 'There are no delegations: you are asked each time.'
  const cells = delegations.map((delegation) => [
    delegation.id,
    stateOf(delegation, view.now),
    String(delegation.used),
    age(delegation.given, view.now),
    scopeText(delegation),
  ])
  const standing = delegations.find((delegation) => stateOf(delegation, view.now) === 'stands')
  return [
    ...table(
      [
        { title: 'DELEGATION' },
        { title: 'STATE' },
        { title: 'USED', right: true },
        { title: 'GIVEN', right: true },
        { title: 'FOR', gives: 1, least: 30 },
      ],
      cells,
      view,
    ),
    '',
    dim(count(delegations.length, 'delegation')),
    ...(standing === undefined
      ? []
      : ['', ...whatNext([[view.command(`delegation revoke ${standing.id}`), 'you are asked again']], view)]),
  ].join('\n')
}

function stateOf({ revoked, expiresAt, most, used }: Delegation, now: number): string {
  if (revoked !== null) return 'revoked'
  return (expiresAt !== null && expiresAt <= now) || (most !== null && used >= most) ? 'used up' : 'stands'
}

/** As a sentence without its beginning. */
export function scopeText(delegation: Delegation): string {
  const { agent, action, operation, effect, customer, segment, expiresAt, most } = delegation
  const fields = constraintTexts(delegation)
  return [
    `${action} of ${agent}`,
    ...(operation === null ? [] : [`by ${operation} (${effect})`]),
    customer === null ? 'for every customer' : `for ${customer}`,
    ...(segment === null ? [] : [`of the segment ${segment}`]),
    ...(fields.length === 0 ? [] : [`where ${fields.join(' and ')}`]),
    ...(expiresAt === null ? [] : [`until ${moment(expiresAt)}`]),
    ...(most === null ? [] : [`at most ${count(most, 'time')}`]),
    'is approved where nothing looks wrong',
  ].join(' ')
}

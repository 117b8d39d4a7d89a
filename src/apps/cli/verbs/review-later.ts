/** `holdfast review ID snooze|delegate`, `holdfast delegations`, `holdfast delegation revoke` */
import { HoldfastError } from '../../../kernel/errors.ts'
import type { ParamsOf } from '../../commands/catalogue.ts'
import { carryOut } from '../route.ts'
import { type Call, textOption, type VerbRun } from '../verb.ts'
import { answerView } from '../views/answer-view.ts'
import { delegationsView, scopeText } from '../views/delegations-view.ts'
import { moment, viewOf, whatNext } from '../views/view.ts'
import { hasFailed } from './review.ts'

export async function snooze(call: Call, id: string, words: readonly string[]): Promise<number> {
  const { out, io } = call
  const until = words.join(' ').trim()
  if (until === '')
    throw usage('snooze needs to be told until when', 'Such as: snooze 2h, or snooze 2026-03-01.')
  const snoozed = await carryOut(call, 'review snooze', { id, until }, io)
  if (out.json) out.document(snoozed)
  else {
    const view = viewOf(call)
    const next = [
      [view.command('inbox --snoozed'), 'what is put off'],
      [view.command(`review ${snoozed.review}`), 'it can be answered all the while'],
    ] as const
    out.text(
      [`${snoozed.review} comes back on ${moment(snoozed.until)}.`, '', ...whatNext(next, view)].join('\n'),
    )
  }
  return 0
}

const SCOPES: Readonly<Record<string, ParamsOf<'review delegate'>['for']>> = {
  customer: 'customer',
  segment: 'segment',
  all: 'all',
}

export async function delegate(call: Call, id: string): Promise<number> {
  const { out, io, options } = call
  const whom = SCOPES[textOption(call, 'for') ?? '']
  if (whom === undefined) {
    throw usage(
      'delegate needs to be told for whom',
      'Use --for customer, --for segment, or --for all; --same FIELD makes it narrower.',
    )
  }
  const [until, most, reason, hash] = ['until', 'most', 'reason', 'hash'].map((name) =>
    textOption(call, name),
  )
  const delegated = await carryOut(
    call,
    'review delegate',
    {
      id,
      for: whom,
      ...(options.same === undefined ? {} : { same: [...(options.same as readonly string[])] }),
      ...(until === undefined ? {} : { until }),
      ...(most === undefined ? {} : { most: Number(most) }),
      ...(reason === undefined ? {} : { reason }),
      ...(hash === undefined ? {} : { hash }),
    },
    io,
  )
  if (out.json) out.document(delegated)
  else {
    const view = viewOf(call)
    const { delegation } = delegated
    const words = [
      `From now on: ${scopeText(delegation)}.`,
      `${view.command(`delegation revoke ${delegation.id}`)} takes that back.`,
    ]
    out.text([...words, '', answerView(delegated, view)].join('\n'))
  }
  return hasFailed(delegated) ? 1 : 0
}

export const delegations: VerbRun = async (call) => {
  const { out, io } = call
  const rows = await carryOut(call, 'delegations', {}, io)
  if (out.json) out.document(rows)
  else out.text(delegationsView(rows, viewOf(call)))
  return 0
}

export const delegationRevoke: VerbRun = async (call) => {
  const { args, out, io } = call
  const reason = textOption(call, 'reason')
  const revoked = await carryOut(
    call,
    'delegation revoke',
    { id: args[0] ?? '', ...(reason === undefined ? {} : { reason }) },
    io,
  )
  if (out.json) out.document(revoked)
  else out.text(`${revoked.id} is revoked: you are asked again. It answered ${revoked.used} times.`)
  return 0
}

function usage(message: string, fix: string): HoldfastError {
  return new HoldfastError('USAGE', message, { fix })
}

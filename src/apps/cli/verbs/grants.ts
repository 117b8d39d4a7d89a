/** `holdfast grants`, `holdfast grant give|revoke` */
import { durationMs } from '../../../kernel/duration.ts'
import { HoldfastError } from '../../../kernel/errors.ts'
import type { ListedGrant } from '../../../sdk.ts'
import { carryOut } from '../route.ts'
import { type Call, textOption, type VerbRun } from '../verb.ts'
import { constraintTexts } from '../views/scope-text.ts'
import { count, moment, table, type View, viewOf, whatNext } from '../views/view.ts'

export const grants: VerbRun = async (call) => {
  const { out, io, options } = call
  const rows = await carryOut(call, 'grants', { all: options.all === true }, io)
  if (out.json) out.document(rows)
  else out.text(grantsText(rows, viewOf(call)))
  return 0
}

export const grantGive: VerbRun = async (call) => {
  const { args, out, io } = call
  const scope = Object.fromEntries(
    ['agent', 'customer', 'segment', 'reason'].flatMap((name) => {
      const value = textOption(call, name)
      return value === undefined ? [] : [[name, value]]
    }),
  )
  const params = { operation: args[0] ?? '', ...scope, arguments: argumentsOf(call), forMs: lengthOf(call) }
  const given = await carryOut(call, 'grant give', params, io)
  if (out.json) out.document(given)
  else
    out.text(
      `${given.id}: ${scopeText(given)}. It holds for runs that begin with nothing from outside before it.`,
    )
  return 0
}

export const grantRevoke: VerbRun = async (call) => {
  const { args, out, io } = call
  const params = { id: args[0] ?? '', reason: textOption(call, 'reason') ?? null }
  const { grant, held } = await carryOut(call, 'grant revoke', params, io)
  if (out.json) out.document({ grant, held })
  else
    out.text(
      held ? `${grant} is revoked; what it allowed is put to you again.` : `${grant} was revoked already.`,
    )
  return 0
}

/** `amount=5` is the number, `to=ada@ek.example` the text. @throws USAGE */
function argumentsOf({ options }: Call): Record<string, { oneOf: (string | number | boolean | null)[] }> {
  const given = Array.isArray(options.argument) ? (options.argument as string[]) : []
  return Object.fromEntries(
    given.map((text) => {
      const at = text.indexOf('=')
      if (at < 1) {
        throw new HoldfastError('USAGE', `--argument ${JSON.stringify(text)} is no name=value`, {
          fix: 'Such as: --argument currency=EUR',
        })
      }
      return [text.slice(0, at), { oneOf: [literalOf(text.slice(at + 1))] }]
    }),
  )
}

function literalOf(text: string): string | number | boolean | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? text : (value as string | number | boolean | null)
  } catch {
    return text
  }
}

/** @throws USAGE */
function lengthOf(call: Call): number | null {
  const text = textOption(call, 'for')
  if (text === undefined) return null
  try {
    return durationMs(text)
  } catch {
    throw new HoldfastError('USAGE', `--for ${JSON.stringify(text)} is no length of time`, {
      fix: 'Such as: --for 90d',
    })
  }
}

function grantsText(rows: readonly ListedGrant[], view: View): string {
  if (rows.length === 0) return 'Nothing is granted: what came from outside decides nothing without you.'
  const columns = [
    { title: 'GRANT' },
    { title: 'WHAT', gives: 1, least: 36 },
    { title: 'GIVEN' },
    { title: 'UNTIL' },
    { title: 'WHY', gives: 2, least: 10 },
  ]
  const cells = rows.map((row) => [
    row.id,
    scopeText(row),
    moment(row.givenAt),
    row.revokedAt !== null ? 'revoked' : row.expiresAt === null ? '' : moment(row.expiresAt),
    row.revokedBecause ?? row.reason ?? '',
  ])
  const advice = whatNext([[view.command(`grant revoke ${rows[0]?.id}`), 'takes it back']], view)
  return [
    ...table(columns, cells, view),
    '',
    view.colors.dim(count(rows.length, 'grant')),
    '',
    ...advice,
  ].join('\n')
}

function scopeText(grant: ListedGrant): string {
  const { operation, agent, customer, segment } = grant
  const fields = constraintTexts(grant)
  const parts = [
    operation,
    agent && `by ${agent}`,
    customer && `for ${customer}`,
    segment && `for segment ${segment}`,
    fields.length > 0 && `where ${fields.join(' and ')}`,
  ]
  return parts.filter(Boolean).join(' ')
}

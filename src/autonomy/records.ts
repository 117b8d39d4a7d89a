/** What autonomy puts on record: each remit has a stream of its own. */
import type { NewEvent } from '../kernel/event.ts'
import type { JsonObject } from '../kernel/json.ts'
import { OWNER, SYSTEM } from '../kernel/label.ts'
import type { Remit, Standing } from '../ports/autonomy.ts'
import type { StreamAppend } from '../ports/event-log.ts'
import type { RemitRow } from './autonomy-index.ts'
import type { AutonomyOptions } from './options.ts'
import { spoken, streamOf } from './remit.ts'

/** Raised when a level was lowered without the operator; cleared by their next word on it. */
const LOWERED = 'autonomy-lowered'

type Ledger = Pick<AutonomyOptions, 'log' | 'alerts'>

export function byOperator(kind: string, body: JsonObject): NewEvent {
  return { kind, body, actor: 'operator', label: OWNER }
}

export function byAutonomy(kind: string, body: JsonObject): NewEvent {
  return { kind, body, actor: 'autonomy', label: SYSTEM }
}

export function evidenceOf({ reviews, errors, bound, tolerance, eValue }: Standing): JsonObject {
  return { reviews, errors, bound, tolerance, eValue }
}

/** @param before as it stood, where this is the operator's word on a level */
export async function append(
  { log, alerts }: Ledger,
  remit: Remit,
  events: readonly NewEvent[],
  before?: Standing,
): Promise<void> {
  if (events.length === 0) return
  const stream = streamOf(remit)
  const over = before?.by === 'demotion' ? [alerts.clear(LOWERED, stream)] : []
  await log.append([{ stream, expectedVersion: 'any', events }, ...over])
}

/** Raised when an audit was not answered by the operator; cleared when one is, or the count begins anew. */
const MISSED = 'audit-missed'

/** What is to be put on record of it; nothing where that is told already, or there is nothing to tell. */
export function missedParts(
  { alerts }: Ledger,
  { agent, action, segment, missed, missed_at: since }: RemitRow,
  isNew: boolean,
): readonly StreamAppend[] {
  const stream = streamOf({ agent, action, segment })
  const isTold = alerts.isRaised(MISSED, stream)
  if (since === null) return isTold ? [alerts.clear(MISSED, stream)] : []
  if (isTold && !isNew) return []
  const were = missed === 1 ? '1 audit was' : `${missed} audits were`
  const what = `${were} answered by a deadline and not by you, so nothing shows what goes without you`
  return [alerts.raise(MISSED, stream, `${spoken({ agent, action, segment })}: ${what}.`)]
}

export async function demote(
  { log, alerts }: Ledger,
  standing: Standing,
  { cause, reason }: { readonly cause: string; readonly reason: string },
): Promise<void> {
  const { agent, action, segment } = standing
  const remit = { agent, action, segment }
  const stream = streamOf(remit)
  const body = { ...remit, to: 'review', cause, reason, ...evidenceOf(standing) }
  const make = cause === 'operator' ? byOperator : byAutonomy
  const message = `${spoken(remit)} is back at level review (${cause}): ${reason}.`
  const told = cause === 'operator' ? [] : [alerts.raise(LOWERED, stream, message)]
  const demoted = make('autonomy.demoted', body)
  await log.append([{ stream, expectedVersion: 'any', events: [demoted] }, ...told])
}

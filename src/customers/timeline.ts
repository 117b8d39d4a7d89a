/** One line of a customer's timeline for each event of a run that is about them. */
import type { StoredEvent } from '../kernel/event.ts'
import { canonicalJson, type Json, type JsonObject } from '../kernel/json.ts'
import { oneLine } from './person-name.ts'

export interface Entry {
  readonly summary: string
  /** Id of what it is about: a message, a run, a review. */
  readonly ref: string
}

const MAX_SUMMARY = 200

/** @param workflow name of the run's workflow; the events after the first don't repeat it. */
export function runEntry(event: StoredEvent, workflow: string, run: string): Entry {
  const body = event.body ?? {}
  const text = (name: string) => textAt(body, name)
  const line = (summary: string, ref = run): Entry => ({ summary: oneLine(summary, MAX_SUMMARY), ref })
  switch (event.kind) {
    case 'run.completed':
      return line(joined(`${workflow} completed`, textAt(body, 'output', 'outcome')))
    case 'run.failed':
      return line(joined(`${workflow} failed`, textAt(body, 'error', 'message')))
    case 'run.cancelled':
      return line(joined(`${workflow} cancelled`, text('reason')))
    case 'run.continued':
      return line(`${workflow} goes on`, text('next'))
    case 'review.requested':
      return line(text('summary') || text('action'), text('review'))
    case 'review.answered':
      return line(
        joined(verdictText(text('verdict'), text('way'), text('by')), text('instruction') || text('reason')),
        text('review'),
      )
    case 'effect.succeeded':
      return line(doneText(event))
    default:
      return line(decisionText(text('name'), body.answer ?? null))
  }
}

/** With who said it, where that was not the operator. */
function verdictText(verdict: string, way: string, by: string): string {
  if (by === 'autonomy') return `${verdict} by autonomy`
  if (way === 'rule') return `${verdict} by a delegation`
  return way === 'expiry' ? `${verdict} by its deadline` : verdict
}

/** The Message-ID, without brackets, of a mail that an effect sent; '' when it sent none. */
export function sentMessageId(event: StoredEvent): string {
  if (event.kind !== 'effect.succeeded') return ''
  return idAt(event.body, 'output', 'messageId').replace(/^<|>$/g, '')
}

/** The text at a path of a body exactly as it is; '' when there is no text. */
export function idAt(body: JsonObject | null, ...path: readonly string[]): string {
  const value = path.reduce<Json>((at, key) => (isObject(at) ? (at[key] ?? null) : null), body)
  return typeof value === 'string' ? value : ''
}

/** The text at a path of a body, fit to be shown on one line. */
export function textAt(body: JsonObject | null, ...path: readonly string[]): string {
  return oneLine(idAt(body, ...path), MAX_SUMMARY)
}

function isObject(value: Json): value is JsonObject {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}

function joined(what: string, more: string): string {
  return more === '' ? what : `${what}: ${more}`
}

/** `send reply` that sent a mail: `reply sent`; an effect of another kind by its operation. */
function doneText(event: StoredEvent): string {
  const [, what] = /^send (.+)$/.exec(textAt(event.body, 'name')) ?? []
  return what && sentMessageId(event) ? `${what} sent` : `${textAt(event.body, 'operation')} done`
}

/** A judgement and a draft in words, by the fields they have; other answers as they are. */
function decisionText(name: string, answer: Json): string {
  if (!isObject(answer)) return `${name}: ${typeof answer === 'string' ? answer : canonicalJson(answer)}`
  const { isLead, quality, score, kind, subject, body } = answer
  if (isLead === true) return `qualified: ${String(quality)} lead, ${String(score)} points`
  if (isLead === false) return `no lead: ${String(kind)}`
  if (typeof subject === 'string' && typeof body === 'string') return `${name}: “${subject}”`
  return `${name}: ${canonicalJson(answer)}`
}

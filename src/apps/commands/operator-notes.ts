/** What the operator should know beside the data of a command, one note each. */
import { briefCustomer } from '../../customers/read.ts'
import type { StoredEvent } from '../../kernel/event.ts'
import type { JsonObject } from '../../kernel/json.ts'
import { MAIL_STREAM } from '../../mail/mail-index.ts'
import type { MailMessage } from '../../mail/message.ts'
import { oneLine } from '../../observe/plain-text.ts'
import type { EventLog } from '../../ports/event-log.ts'
import { raisedAlerts } from '../../runtime/alert-index.ts'
import { lastPublished } from '../../runtime/delivery/published-index.ts'
import { snoozedReviews } from '../../runtime/reviews/review-index.ts'
import type { Workspace } from '../workspace.ts'
import { stalledText } from './stalled-runs.ts'

/** A mistake in the playbook. */
export function playbookNotes({ playbooks }: Pick<Workspace, 'playbooks'>): string[] {
  const problem = playbooks.problem()
  if (problem === null) return []
  return [`The playbook has a mistake; the last valid one stays in force.\n${problem.message}`]
}

/** What has to be acted on, such as a connector that is down. */
export function alertNotes({ tables }: EventLog): string[] {
  return raisedAlerts(tables).map(({ message }) => oneLine(message))
}

/** Levels that are offered. */
export function offerNotes({ holdfast }: Pick<Workspace, 'holdfast'>): string[] {
  return holdfast.autonomy
    .standings()
    .filter(({ next }) => next.offered)
    .map(
      ({ agent, action, next, reviews, errors }) =>
        `${agent} may do ${action} at level ${next.level} if you say so: ${errors} errors in ${reviews} answers. See \`holdfast autonomy\`.`,
    )
}

/** Reviews that were put off. */
export function snoozedNotes({ tables }: EventLog): string[] {
  const snoozed = snoozedReviews(tables)
  const [next] = snoozed
  if (next === undefined) return []
  const [noun, verb] = snoozed.length === 1 ? ['review', 'is'] : ['reviews', 'are']
  const back = new Date(next.snoozedUntil ?? 0).toISOString().slice(0, 16)
  return [`${snoozed.length} ${noun} ${verb} put off, ${next.id} until ${back} UTC: inbox --snoozed`]
}

/** Runs that are stalled. */
export function troubleNotes({ tables }: EventLog): string[] {
  const text = stalledText(tables)
  return text === null ? [] : [text]
}

const ANSWERED_MS = 7 * 86_400_000
const MOST_ANSWERS = 10

/** The mails that answered ours in the last 7 days, newest first. @param now milliseconds since 1970 */
export function answerNotes(log: EventLog, now: number): string[] {
  const notes = new Map<string, string>()
  for (const position of lastPublished(log.tables, 'mail.answered', MOST_ANSWERS)) {
    const event = eventAt(log, position)
    if (event === undefined || event.time < now - ANSWERED_MS) break
    const id = String((event.body?.data as JsonObject | null | undefined)?.message ?? '')
    const note = answerNote(log, id, `${ago(now - event.time)} ago`)
    if (note !== null) notes.set(id, note)
  }
  return [...notes.values()]
}

function eventAt(log: EventLog, position: number): StoredEvent | undefined {
  const [event] = log.read(position - 1)
  return event
}

/** null when the mail was erased. */
function answerNote(log: EventLog, id: string, since: string): string | null {
  const [received] = log.readStream(MAIL_STREAM + id)
  if (!received?.body) return null
  const { from, subject } = received.body.message as unknown as MailMessage
  const { customer } = received.body
  const known = typeof customer === 'string' ? briefCustomer(log.tables, customer) : null
  const who = known?.name || from.name || from.address
  return oneLine(`${who} answered: “${subject || '(no subject)'}” (${since}, ${id})`)
}

function ago(ms: number): string {
  const minutes = Math.max(0, Math.floor(ms / 60_000))
  if (minutes < 60) return `${minutes} min`
  return minutes < 2_880 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 1_440)} d`
}

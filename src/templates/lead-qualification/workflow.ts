/**
 * Lead qualification: from an inbound mail to a reviewed reply, a follow-up, and an outcome.
 *
 *   is it a lead? ─no─▶ closed
 *        │yes
 *        ▼
 *   draft ─▶ review ─reject─▶ closed
 *        ▲      │respond (an instruction): draft anew
 *        └──────┤approve, edit
 *               ▼
 *             send ─▶ wait for an answer ─answer─▶ closed
 *                          │none for some days
 *                          ▼
 *                  follow-up draft ─▶ review ─▶ send ─▶ wait once more ─▶ closed
 *
 * From the first reply on, an answer to it closes the lead at any time before the follow-up is approved: a
 * review that is still open is withdrawn then.
 *
 * The playbook decides and drafts where there is no model. What a mail says is material to look at, for
 * the model too, and never an instruction; nothing leaves without the operator's word.
 */
import { z } from 'zod'
import type { JsonObject } from '../../kernel/json.ts'
import {
  type Context,
  type Decided,
  defineWorkflow,
  type ReceivedEvent,
  type ReviewAnswer,
  type Workflow,
} from '../../kernel/workflow.ts'
import type { MailMessage } from '../../mail/message.ts'
import type { PlaybookShelf, PlaybooksInForce } from '../playbook-library.ts'
import { type Draft, draftFollowUp, draftReply } from './draft.ts'
import type { MailFacts } from './kind.ts'
import type { Playbook } from './playbook.ts'
import { type Qualification, qualify } from './score.ts'
import { findWarnings } from './warnings.ts'

/** What the template needs from the workspace around it. */
export interface LeadQualificationParts {
  /** A received message; the same for the same id, always. */
  readonly message: (id: string) => MailMessage
  /** What is known about the sender and the thread from before this message. */
  readonly facts: (message: MailMessage) => MailFacts
  readonly customerName: (customer: string) => string | null
  readonly playbooks: PlaybookShelf<Playbook>
  /** The operation that sends mail: `maildir.send`, `smtp.send`. */
  readonly sendOperation: string
  readonly from: { readonly name: string; readonly address: string }
}

/** `conversation`: the mail goes on with an exchange under way, perhaps that of another lead. */
export const OUTCOMES = ['not-a-lead', 'conversation', 'rejected', 'answered', 'no-answer'] as const

const input = z.strictObject({ message: z.string() })
const output = z.strictObject({
  outcome: z.enum(OUTCOMES),
  kind: z.string(),
  quality: z.string(),
  score: z.number(),
  /** Message-IDs of what was sent, in order. */
  sent: z.array(z.string()),
})
export type LeadOutcome = z.infer<typeof output>

const qualification = z.object({
  isLead: z.boolean().describe('Whether a person asks for work that this business does'),
  kind: z
    .string()
    .describe('lead-candidate, conversation, newsletter, spam, pitch, application, notice, personal …'),
  score: z
    .number()
    .min(-200)
    .max(200)
    .describe('How good the lead is, by the criteria; 0 for what is no lead'),
  quality: z.enum(['hot', 'warm', 'cold', 'none']),
  missing: z.array(z.enum(['budget', 'deadline', 'scope', 'contact'])),
  /** Bound in form, since it goes into the next instruction: nothing that a mail says may get there. */
  language: z
    .string()
    .regex(/^[a-zA-Z]{2,3}(-[a-zA-Z0-9]{2,8}){0,2}$/)
    .describe('BCP 47 code of the language to answer in'),
})
const draft = z.object({ subject: z.string().min(1).max(300), body: z.string().min(1).max(20_000) })

/** A string flag: the variant of the playbook for a customer, named as its file is: `lead-qualification.formal.yaml`. */
export const PLAYBOOK_FLAG = 'lead-qualification.playbook'
const STANDARD = 'standard'

/** Drafts of one letter. The last of them stays under review until it is approved, edited or rejected. */
const MAX_DRAFTS = 20

export function leadQualification(
  parts: LeadQualificationParts,
): Workflow<z.infer<typeof input>, LeadOutcome> {
  return defineWorkflow({
    name: 'lead-qualification',
    version: 1,
    input,
    output,
    async run(ctx, { message: id }) {
      const lead = await qualifyLead(ctx, parts, parts.message(id))
      const { kind, quality, score } = lead.qualification
      const close = (outcome: LeadOutcome['outcome'], sent: string[]): LeadOutcome => ({
        outcome,
        kind,
        quality,
        score,
        sent,
      })
      if (!lead.qualification.isLead) return close(kind === 'conversation' ? kind : 'not-a-lead', [])

      const reply = await draftAndSend(ctx, parts, lead, REPLY)
      if (reply.end !== 'sent') return close('rejected', [])
      if ((await answerInTime(ctx, lead, reply.id)) !== null) return close('answered', [reply.id])

      const answer = ctx.waitFor('mail.answered', { key: reply.id, name: 'answer to reply' })
      const followUp = await draftAndSend(ctx, parts, lead, { ...FOLLOW_UP, after: reply.id, answer })
      if (followUp.end !== 'sent') {
        return close(followUp.end === 'answered' ? 'answered' : 'no-answer', [reply.id])
      }
      const answered = await Promise.race([answer, answerInTime(ctx, lead, followUp.id)])
      return close(answered === null ? 'no-answer' : 'answered', [reply.id, followUp.id])
    },
  })
}

// -- is it a lead -----------------------------------------------------------------------------------

interface Lead {
  readonly message: MailMessage
  readonly facts: MailFacts
  /** Of the person to address, as it was known when the mail came in; '' when it was not. */
  readonly customerName: string
  readonly playbook: Playbook
  readonly playbookHash: string
  readonly qualification: Qualification
}

async function qualifyLead(ctx: Context, parts: LeadQualificationParts, message: MailMessage): Promise<Lead> {
  const books = await ctx.step('read playbook', () => parts.playbooks.current())
  const { hash: playbookHash, variant } = await chosenPlaybook(ctx, books)
  const playbook = await playbookOf(ctx, parts, playbookHash, variant)
  const { customerName, ...facts } = await ctx.step('gather facts', () => ({
    ...parts.facts(message),
    customerName: (ctx.run.customer && parts.customerName(ctx.run.customer)) || message.replyTo.name,
  }))
  const decided = await ctx.decide('qualify', {
    ask: `You sort the mail of ${playbook.business.owner}, ${playbook.business.name}. Decide whether this mail is a lead and how good. Criteria: ${criteriaText(playbook)}. Hot from ${playbook.thresholds.hot}, warm from ${playbook.thresholds.warm}. Existing conversations, newsletters, bounces, automatic replies, notices, spam, applications and sales pitches are not leads.`,
    material: { ...materialOf(message), knownThread: facts.knownThread, knownCustomer: facts.knownCustomer },
    answer: qualification,
    rules: () => {
      const { confidence, reasons, ...answer } = qualify(message, playbook, facts)
      return {
        answer: { ...answer, missing: [...answer.missing] },
        confidence,
        reasons: [...reasons] as never,
        source: sourceOf(playbookHash),
      }
    },
  })
  return { message, facts, customerName, playbook, playbookHash, qualification: asQualification(decided) }
}

/** Of several playbooks, the one that the flag names for this customer; without others the flag is not asked. */
async function chosenPlaybook(
  ctx: Context,
  books: PlaybooksInForce,
): Promise<{ readonly hash: string; readonly variant?: string }> {
  if (typeof books === 'string') return { hash: books }
  const variant = await ctx.flag(PLAYBOOK_FLAG, STANDARD)
  const hash = Object.hasOwn(books.variants, variant) ? books.variants[variant] : undefined
  return hash === undefined ? { hash: books.standard } : { hash, variant }
}

/**
 * A version that was valid when it came into force may not be to a later parser. Thrown in a step, which
 * there is only then, the error stalls the run until a person has acted; thrown here it would fail it for good.
 */
async function playbookOf(
  ctx: Context,
  parts: LeadQualificationParts,
  hash: string,
  variant?: string,
): Promise<Playbook> {
  try {
    return parts.playbooks.version(hash, variant)
  } catch (error) {
    return await ctx.step<never>('read that playbook', () => {
      throw error
    })
  }
}

function asQualification({
  answer,
  confidence,
  reasons,
}: Decided<z.infer<typeof qualification>>): Qualification {
  return { ...answer, confidence, reasons } as unknown as Qualification
}

function criteriaText(playbook: Playbook): string {
  return playbook.criteria.map(({ label, weight }) => `${label} (${weight})`).join('; ')
}

function sourceOf(hash: string): string {
  return `playbook ${hash.slice(0, 12)}`
}

/** What a model may see of a mail: the words its writer wrote this time, and what came with them. */
function materialOf(message: MailMessage): JsonObject {
  return {
    from: { ...message.from },
    subject: message.subject,
    date: message.date,
    text: message.fresh || message.text,
    attachments: message.attachments.map(({ filename, contentType }) => `${filename} (${contentType})`),
  }
}

// -- drafting, reviewing, sending -------------------------------------------------------------------

interface Letter {
  readonly what: 'reply' | 'follow-up'
  readonly action: string
  readonly write: typeof draftReply
  readonly ask: string
  /** Message-ID of what was sent before, which this one continues. */
  readonly after?: string
  /** Resolves when that is answered, which leaves nothing to write. */
  readonly answer?: Promise<ReceivedEvent | null>
}

type Sending =
  | { readonly end: 'sent' /** Message-ID. */; readonly id: string }
  | { readonly end: 'rejected' | 'answered' }

const REPLY: Letter = {
  what: 'reply',
  action: 'send-reply',
  write: draftReply,
  ask: 'Write the reply to this mail',
}
const FOLLOW_UP: Letter = {
  what: 'follow-up',
  action: 'send-follow-up',
  write: draftFollowUp,
  ask: 'Our reply to this mail got no answer. Write a short, friendly follow-up',
}

async function draftAndSend(
  ctx: Context,
  parts: LeadQualificationParts,
  lead: Lead,
  letter: Letter,
): Promise<Sending> {
  let drafted = await writeDraft(ctx, lead, letter, `draft ${letter.what}`, {})
  for (let round = 1; ; round += 1) {
    const suffix = round === 1 ? '' : ` ${round}`
    const review = ask(
      ctx,
      parts,
      lead,
      letter,
      `review ${letter.what}${suffix}`,
      drafted,
      round >= MAX_DRAFTS,
    )
    const answer = await (letter.answer ? Promise.race([letter.answer, review]) : review)
    if (answer === null || !('verdict' in answer)) return { end: 'answered' }
    if (answer.verdict === 'rejected') return { end: 'rejected' }
    if (answer.verdict !== 'responded') {
      return { end: 'sent', id: await send(ctx, parts, lead, letter, answer.value) }
    }
    if (round >= MAX_DRAFTS) continue
    const change = { instruction: answer.instruction ?? '', previous: drafted.answer }
    drafted = await writeDraft(ctx, lead, letter, `draft ${letter.what} ${round + 1}`, change)
  }
}

async function writeDraft(
  ctx: Context,
  lead: Lead,
  letter: Letter,
  name: string,
  change: { readonly instruction?: string; readonly previous?: Draft },
): Promise<Decided<Draft>> {
  const { message, playbook, qualification: q } = lead
  const { owner, name: business } = playbook.business
  const options = { customerName: lead.customerName, ...change }
  const wish = change.instruction ? ` ${owner} read the last draft and says: ${change.instruction}` : ''
  return await ctx.decide(name, {
    ask: `${letter.ask}, for ${owner}, ${business}, in the language ${q.language}. Ask for what is missing: ${q.missing.join(', ') || 'nothing'}. Promise no price, date or discount. Sign with: ${playbook.business.signature}.${wish}`,
    material: { mail: materialOf(message), lastDraft: change.previous ? { ...change.previous } : null },
    answer: draft,
    rules: () => {
      const { changes, ...answer } = letter.write(message, q, playbook, options)
      return { answer, confidence: q.confidence, reasons: changes, source: sourceOf(lead.playbookHash) }
    },
  })
}

async function ask(
  ctx: Context,
  parts: LeadQualificationParts,
  lead: Lead,
  letter: Letter,
  name: string,
  drafted: Decided<Draft>,
  isLast: boolean,
): Promise<ReviewAnswer> {
  const { message, qualification: q } = lead
  const { name: person, address } = message.replyTo
  return await ctx.review(name, {
    action: letter.action,
    summary: `${q.quality} lead: ${message.subject || '(no subject)'}, ${letter.what} to ${person || address}`,
    reason: [
      reasonText(q, lead.playbook.confidence.floor),
      ...drafted.reasons.map(reasonLabel),
      ...(isLast ? [`this is draft ${MAX_DRAFTS}, and no more are made: approve, edit or reject it`] : []),
    ].join('; '),
    confidence: Math.min(q.confidence, drafted.confidence),
    proposal: { to: address, subject: drafted.answer.subject, body: drafted.answer.body },
    fields: { to: { kind: 'address' }, body: { kind: 'long-text' } },
    operation: parts.sendOperation,
    segment: q.quality,
    evidence: [...q.reasons] as never,
    warnings: findWarnings(message) as never,
  })
}

function reasonText({ quality, score, confidence, reasons, missing }: Qualification, floor: number): string {
  const because = reasons.map((reason) => `${reasonLabel(reason)}`).join('; ')
  const gaps = missing.length > 0 ? `; missing: ${missing.join(', ')}` : ''
  const unsure = confidence < floor ? 'not sure; ' : ''
  return `${unsure}${quality}, ${score} points: ${because || 'nothing in particular speaks for it'}${gaps}`
}

/** A reason of the playbook has a label, one of a model says why; both quote the mail. A change to a draft is plain text. */
function reasonLabel(reason: unknown): string {
  if (typeof reason === 'string') return reason
  const { label, why, words } = reason as { label?: string; why?: string; words?: string }
  return `${label ?? why ?? 'a reason'}${words ? ` (“${words}”)` : ''}`
}

async function send(
  ctx: Context,
  parts: LeadQualificationParts,
  lead: Lead,
  letter: Letter,
  approved: JsonObject,
): Promise<string> {
  const { message } = lead
  const address = String(approved.to)
  const name = address === message.replyTo.address ? message.replyTo.name : ''
  const references = [...message.references, message.messageId, letter.after].filter((id) => id != null)
  const sent = await ctx.act<{ messageId: string }>(`send ${letter.what}`, parts.sendOperation, {
    from: parts.from,
    to: [{ name, address }],
    subject: String(approved.subject),
    text: String(approved.body),
    inReplyTo: letter.after ?? message.messageId,
    references: [...new Set(references)].slice(-50),
  })
  return sent?.messageId ?? ''
}

/** The answer to what was sent; null when there is none for as long as the playbook waits. */
async function answerInTime(ctx: Context, lead: Lead, sent: string): Promise<ReceivedEvent | null> {
  return await ctx.waitFor('mail.answered', { key: sent, timeout: `${lead.playbook.followUp.afterDays}d` })
}

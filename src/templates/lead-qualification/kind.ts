/**
 * What kind of mail it is. Only a person's new message can be a lead. The order of the rules is their
 * certainty: what machines write about themselves, then what the thread tells, then words.
 */
import type { MailMessage } from '../../mail/message.ts'
import { findPhrases, isForwarded, type Passage, passagesOf, type Reason, type Where } from './evidence.ts'
import { type MachineKind, machineMail } from './machine-mail.ts'
import type { PhraseList } from './phrases.ts'
import { type NotLeads, PHRASED_KINDS, type PhrasedKind } from './playbook.ts'
import { isFromForm } from './sender.ts'

export type MailKind = 'lead-candidate' | 'conversation' | 'own' | MachineKind | PhrasedKind

/** What is known about a mail's sender and thread from before. */
export interface MailFacts {
  /** The operator's own addresses, in small letters. */
  readonly ownAddresses: readonly string[]
  /** It belongs to a thread in which the operator took part. */
  readonly knownThread: boolean
  readonly knownCustomer: boolean
}

export interface KindVerdict {
  readonly kind: MailKind
  /** From 0 to 1. */
  readonly confidence: number
  readonly reasons: readonly Reason[]
  /** What it was told by; `nothing` for a candidate, which is what remains. */
  readonly by: 'facts' | 'headers' | 'thread' | 'phrases' | 'nothing'
}

/** Confidence in a kind that one sure phrase speaks for; hints alone never reach it. */
export const ONE_SURE_PHRASE = 0.8

/** Of a list's mail, only these are told apart by words; the rest is a newsletter. */
const AMONG_LISTS: readonly PhrasedKind[] = ['spam', 'pitch', 'notice']

/** @param notLeads the operator's words for what is no lead, from the playbook. */
export function classifyKind(message: MailMessage, facts: MailFacts, notLeads: NotLeads): KindVerdict {
  const passages = passagesOf(message)
  const isForm = isFromForm(message, facts.ownAddresses)
  if (!isForm) {
    const certain = fromFacts(message, facts, notLeads) ?? fromHeaders(message, notLeads, passages)
    if (certain) return certain
  }
  return (
    (facts.knownThread ? continues(message, 0.95, 'continues a conversation of yours') : null) ??
    fromPhrases(notLeads, passages, PHRASED_KINDS) ??
    fromThread(message) ?? { kind: 'lead-candidate', confidence: 0.7, reasons: [], by: 'nothing' }
  )
}

function fromFacts(message: MailMessage, facts: MailFacts, notLeads: NotLeads): KindVerdict | null {
  const { address } = message.from
  if (facts.ownAddresses.includes(address)) {
    return verdict('own', 0.99, 'comes from your own address', address, 'header', 'facts')
  }
  const listed = notLeads.senders.some((sender) =>
    sender.startsWith('@') ? address.endsWith(sender) : address === sender,
  )
  return listed
    ? verdict('notice', 0.97, 'comes from a sender on your list', address, 'header', 'facts')
    : null
}

function fromHeaders(
  message: MailMessage,
  notLeads: NotLeads,
  passages: readonly Passage[],
): KindVerdict | null {
  const machine = machineMail(message)
  if (machine === null) return null
  const { kind, confidence, reason } = machine
  const told = kind === 'newsletter' ? fromPhrases(notLeads, passages, AMONG_LISTS) : null
  if (told) return { ...told, reasons: [...told.reasons, reason] }
  return { kind, confidence, reasons: [reason], by: 'headers' }
}

/** An answer in a thread that is not known here, such as one begun before this workspace was. */
function fromThread(message: MailMessage): KindVerdict | null {
  const answers = message.inReplyTo !== null || message.references.length > 0
  if (!answers || isForwarded(message)) return null
  const quotes = message.quoted !== ''
  return continues(message, quotes ? 0.9 : 0.7, quotes ? 'answers and quotes a message' : 'answers a message')
}

function continues(message: MailMessage, confidence: number, label: string): KindVerdict {
  const words = message.inReplyTo ?? message.references.at(-1) ?? ''
  return verdict('conversation', confidence, label, words, 'header', 'thread')
}

/** The kind that the phrases speak for most clearly: one sure phrase, or two different hints. */
function fromPhrases(
  notLeads: NotLeads,
  passages: readonly Passage[],
  kinds: readonly PhrasedKind[],
): KindVerdict | null {
  let best: KindVerdict | null = null
  for (const kind of kinds) {
    const sure = distinct(notLeads[kind]?.sure ?? [], passages, kind)
    const hints = distinct(notLeads[kind]?.hints ?? [], passages, kind)
    const confidence = confidenceOf(sure.length, hints.length)
    if (confidence > (best?.confidence ?? 0)) {
      best = { kind, confidence, reasons: [...sure, ...hints], by: 'phrases' }
    }
  }
  return best
}

function confidenceOf(sure: number, hints: number): number {
  if (sure > 0) return Math.min(ONE_SURE_PHRASE * 100 + 5 * (sure - 1) + 2 * hints, 95) / 100
  return hints < 2 ? 0 : Math.min(48 + 6 * hints, 78) / 100
}

function distinct(lists: readonly PhraseList[], passages: readonly Passage[], kind: PhrasedKind): Reason[] {
  const reasons = new Map<string, Reason>()
  for (const { words, where } of findPhrases(lists, passages)) {
    const key = words.toLowerCase().replace(/\s+/g, ' ')
    if (!reasons.has(key)) reasons.set(key, reasonFor(kind, `has words of this kind: ${kind}`, words, where))
  }
  return [...reasons.values()]
}

function verdict(
  kind: MailKind,
  confidence: number,
  label: string,
  words: string,
  where: Where,
  by: KindVerdict['by'],
): KindVerdict {
  return { kind, confidence, reasons: [reasonFor(kind, label, words, where)], by }
}

function reasonFor(kind: MailKind, label: string, words: string, where: Where): Reason {
  return { criterion: `kind.${kind}`, label, words, weight: 0, where }
}

/** What of a mail is looked at, and the words found there on which a judgement rests. */
import type { MailMessage } from '../../mail/message.ts'
import type { PhraseList } from './phrases.ts'

export type Where = 'subject' | 'body' | 'header' | 'attachment'

/** Why the mail was judged as it was. */
export interface Reason {
  /** Id of the playbook's criterion, or `kind.…` for a built-in rule about what kind of mail it is. */
  readonly criterion: string
  /** What the criterion says, in words for the operator. */
  readonly label: string
  /** The exact words of the mail it rests on; '' when it rests on no words. */
  readonly words: string
  /** Points it adds to the score; 0 for reasons about the kind. */
  readonly weight: number
  readonly where: Where
}

export interface Found {
  readonly words: string
  readonly where: Where
  /** Of the list of phrases that found it; null for lists without a language and for other conditions. */
  readonly language: string | null
}

/** A part of the mail that its writer wrote, to be searched. */
export interface Passage {
  readonly where: 'subject' | 'body' | 'attachment'
  readonly text: string
}

/** Longer mails are judged by their beginning. */
const BODY_LIMIT = 20_000
const LINE_LIMIT = 500
const OPENING_LIMIT = 80
/** Characters of the longest line that may be a greeting. */
const GREETING_LIMIT = 40
const FORWARDED = /^\s*(?:fwd?|wg|tr|rv|vb|enc|doorst|i|転送)\s*:/i

/**
 * Subject, new text and file names. Quoted earlier messages are left out, except in a forwarded mail
 * (and in one without any text of its own), where they are what it is about.
 */
export function passagesOf(message: MailMessage): Passage[] {
  const own = message.fresh.trim() === '' || isForwarded(message) ? message.text : message.fresh
  return [
    { where: 'subject', text: message.subject.slice(0, LINE_LIMIT) },
    { where: 'body', text: own.slice(0, BODY_LIMIT) },
    ...message.attachments.map(({ filename }) => ({
      where: 'attachment' as const,
      text: filename.slice(0, LINE_LIMIT),
    })),
  ]
}

export function isForwarded(message: MailMessage): boolean {
  return FORWARDED.test(message.subject)
}

/** Every place where one of the phrases occurs, the subject's first. */
export function* findPhrases(lists: readonly PhraseList[], passages: readonly Passage[]): Generator<Found> {
  for (const { where, text } of passages) {
    for (const { language, expression } of lists) {
      for (const [words] of text.matchAll(expression)) yield { words, where, language }
    }
  }
}

/**
 * The first sentence of a text that is more than a greeting, at most 80 characters of it as they stand, for
 * a reason that rests on the text as a whole. A text of short lines only is quoted from its beginning.
 */
export function openingOf(text: string): string {
  const lines = text.split('\n').map((line) => line.trim())
  const first = lines.find((line) => isSubstance(line)) ?? lines.find((line) => line !== '') ?? ''
  return first.slice(0, OPENING_LIMIT).trim()
}

/** A greeting is short, and ends in a comma, an exclamation mark or nothing at all. */
function isSubstance(line: string): boolean {
  return line.length > GREETING_LIMIT || /[.?:;。？：；]$/.test(line)
}

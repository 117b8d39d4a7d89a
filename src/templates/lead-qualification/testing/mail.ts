import { readFileSync } from 'node:fs'
import type { MailMessage } from '../../../mail/message.ts'
import type { MailFacts } from '../kind.ts'
import { loadPlaybook } from '../playbook.ts'

export const PLAYBOOK_TEXT = readFileSync(new URL('../playbook.yaml', import.meta.url), 'utf8')

/** The playbook that is shipped. */
export const PLAYBOOK = loadPlaybook(PLAYBOOK_TEXT, 'playbook.yaml')

export const NO_FACTS: MailFacts = {
  ownAddresses: ['mara@lindqvist.studio'],
  knownThread: false,
  knownCustomer: false,
}

/** A mail with these parts; `fresh` is the whole text unless given. */
export function mailWith(parts: Partial<MailMessage>): MailMessage {
  const from = parts.from ?? { name: 'Jonas Weber', address: 'jonas@weber-holzbau.example' }
  const text = parts.text ?? parts.fresh ?? ''
  return {
    id: 'm-00000000000000000001',
    messageId: 'one@weber-holzbau.example',
    inReplyTo: null,
    references: [],
    from,
    to: [{ name: 'Mara Lindqvist', address: 'mara@lindqvist.studio' }],
    cc: [],
    replyTo: from,
    subject: '',
    date: '2026-11-02T09:00:00.000Z',
    text,
    fresh: text,
    quoted: '',
    signature: '',
    language: 'und',
    headers: {},
    attachments: [],
    calendar: null,
    oddities: [],
    raw: { sha256: '0'.repeat(64), size: text.length },
    ...parts,
  }
}

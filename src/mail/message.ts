/** A mail as the system knows it: parsed once, plain data, the same whichever way it came in. */

export interface Address {
  /** Display name as written, '' when there is none. */
  readonly name: string
  /** Small letters, trimmed. */
  readonly address: string
}

export interface Attachment {
  readonly filename: string
  readonly contentType: string
  readonly size: number
  readonly sha256: string
}

export interface CalendarPart {
  /** REQUEST, REPLY, CANCEL, PUBLISH. */
  readonly method: string
  readonly summary: string
  /** ISO 8601, or '' when not given. */
  readonly start: string
  readonly organizer: string
}

export interface MailMessage {
  /** `m-` and 20 hex digits: equal for copies of one message however they were delivered. */
  readonly id: string
  /** Without angle brackets; null when the message has none. */
  readonly messageId: string | null
  readonly inReplyTo: string | null
  /** Message-IDs without angle brackets, oldest first. */
  readonly references: readonly string[]
  readonly from: Address
  readonly to: readonly Address[]
  readonly cc: readonly Address[]
  /** Where an answer goes: Reply-To, else From. */
  readonly replyTo: Address
  readonly subject: string
  /** When its writer says it was sent, ISO 8601; null when missing or unreadable. */
  readonly date: string | null
  /** The whole text; made from the HTML part when there is no plain one. */
  readonly text: string
  /** What its writer wrote this time: without quoted messages and signature. */
  readonly fresh: string
  /** The quoted earlier messages, '' when none. */
  readonly quoted: string
  readonly signature: string
  /** ISO 639-3 such as `eng`, `deu`; `und` when too short to tell. */
  readonly language: string
  /**
   * The headers that tell machines from people, small-letter names: list-id, list-unsubscribe,
   * auto-submitted, precedence, x-auto-response-suppress, return-path, x-failed-recipients,
   * feedback-id, x-spam-flag, and content-type of the whole.
   */
  readonly headers: Readonly<Record<string, string>>
  readonly attachments: readonly Attachment[]
  readonly calendar: CalendarPart | null
  /** What was odd about it, in words: "no Date header". Empty when nothing was. */
  readonly oddities: readonly string[]
  /** SHA-256 of the raw bytes, under which they are kept; and their number. */
  readonly raw: { readonly sha256: string; readonly size: number }
}

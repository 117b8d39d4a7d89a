/** What the operator lays down in `policy.yaml`, as plain data: all that the policy's pure function knows of it. */

/**
 * An operation's full name (`smtp.send`, `model.openai`), a family of them (`model.*`), or `*` for all.
 */
export type OperationPattern = string

/** Which agent may use which operation on which customers. */
export interface AccessRule {
  /** Names of workflows and agents; `*` for all. */
  readonly agents: readonly string[]
  readonly operations: readonly OperationPattern[]
  /** Ids of customers, `segment:NAME`, or `*` for all of them and for none. */
  readonly customers: readonly string[]
  readonly answer: 'allow' | 'deny' | 'review'
}

/** A token bucket: full at first, each effect takes one token, `limit` of them come back in each `perMs`. */
export interface RateRule {
  readonly operations: readonly OperationPattern[]
  /** Names of workflows and agents; `*` for all. */
  readonly agents: readonly string[]
  /** One bucket for all of them together, or one for each. */
  readonly each: 'all' | 'operation' | 'agent' | 'customer'
  readonly limit: number
  readonly perMs: number
  /** Tokens that the bucket holds at most; at least 1. */
  readonly burst: number
}

/** What the operator may hand out by grants, whoever asks for it. */
export interface GrantLimits {
  /** Never by a grant: these are asked for each time. */
  readonly never: readonly OperationPattern[]
  /** Longest time that a grant holds; null for no limit. */
  readonly maxAgeMs: number | null
}

/** What is done about a finding: `off` does not even look for it. */
export type GuardAnswer = 'deny' | 'review' | 'off'

/** Times of the day, in the time zone of the guardrails, at which nothing leaves by itself. */
export interface QuietHours {
  /** Minutes since midnight; `from` after `to` goes over midnight. Equal: no hours, only `days`. */
  readonly from: number
  readonly to: number
  /** Whole days: 0 for Sunday to 6 for Saturday. */
  readonly days: readonly number[]
}

/** What is looked at in whatever leaves: what it holds, how much, to how many, how often and when. */
export interface Guardrails {
  /** Keys, tokens, passwords. */
  readonly secrets: GuardAnswer
  readonly personalData: {
    readonly answer: GuardAnswer
    /** Numbers of persons and of taxes are looked for by the rules of these: `sv-SE`, `PL`. */
    readonly nationalIds: readonly string[]
    /** Numbers and addresses that may stand in anything, such as the IBAN of the business. */
    readonly allow: readonly string[]
  }
  /** What is over one of the limits below. */
  readonly overLimit: 'deny' | 'review'
  /** Characters; null for no limit, as in all of these. */
  readonly maxLength: number | null
  readonly maxRecipients: number | null
  readonly attachments: {
    readonly maxCount: number | null
    /** Of all of them together. */
    readonly maxBytes: number | null
    /** Media types such as `application/pdf` or `image/*`; null for all. */
    readonly types: readonly string[] | null
  }
  /** Effects that leave about one customer on one day. */
  readonly perCustomerPerDay: number | null
  /** IANA name: `Europe/Stockholm`. Of the days and the quiet hours. */
  readonly timeZone: string
  readonly quietHours: QuietHours | null
}

/**
 * How long the operator has for what the policy puts to them, and what happens then. reject: it is not done. keep: it
 * goes on waiting. escalate: the same, with an alert. Never approved: silence is no word.
 */
export interface QuestionLimits {
  readonly deadlineMs: number
  readonly onExpiry: 'reject' | 'keep' | 'escalate'
}

export interface PolicySettings {
  readonly operations: {
    /** What is named nowhere else may happen. What no list names is denied. */
    readonly allow: readonly OperationPattern[]
    /** Never happens, whatever the other lists say. */
    readonly deny: readonly OperationPattern[]
    /** Happens only when the operator says so each time; goes before `allow`. */
    readonly review: readonly OperationPattern[]
  }
  /** Beside the lists, which are for every agent and customer: deny goes before review, review before allow. */
  readonly access?: readonly AccessRule[]
  readonly rates?: readonly RateRule[]
  readonly egress: {
    /** Hosts that may be talked to: exact names or addresses in small letters, without a port. */
    readonly allow: readonly string[]
  }
  readonly grants?: GrantLimits
  /** For the policy's own questions. Default: they wait for good. */
  readonly questions?: QuestionLimits | null
  /** Whom the owner vouches for: addresses in small letters, or `@example.com` for all of a domain. */
  readonly addressBook?: readonly string[]
  /** Default: secrets are denied, personal data is a review, and there are no limits. */
  readonly guardrails?: Guardrails
  /** After so long without a sign of the operator what leaves is a review. Default: never. */
  readonly absence?: { readonly afterMs: number } | null
  /** null means no limit. A limit of 0 stops what it limits. */
  readonly budget: {
    /** US dollars for models in one calendar day (UTC). */
    readonly perDayUsd: number | null
    /** US dollars for models in one run. */
    readonly perRunUsd: number | null
    /** Model calls in one calendar day (UTC), priced or not. */
    readonly modelCallsPerDay: number | null
  }
}

/**
 * What a review is made of: the fields of its proposal, what it may lead to, when it expires, and what an answer
 * to it tells whoever learns from answers. The operator sees a proposal; whatever is said to it holds for exactly
 * what was seen.
 */

import { distance, fieldDistances } from './closeness.ts'
import type { Duration } from './duration.ts'
import type { Json, JsonObject } from './json.ts'
import type { Label } from './label.ts'

/**
 * text: one line. long-text: several. address: of electronic mail. date: `2026-03-01`, with a time or without.
 * choice: one of `options`. json: anything else.
 */
export type FieldKind = 'text' | 'long-text' | 'number' | 'boolean' | 'address' | 'date' | 'choice' | 'json'

export const FIELD_KINDS: readonly FieldKind[] = [
  'text',
  'long-text',
  'number',
  'boolean',
  'address',
  'date',
  'choice',
  'json',
]

/** What there is to say of a field of a proposal besides its value. */
export interface FieldOptions {
  /** Default: by its value. */
  readonly kind?: FieldKind
  /** false: it can be approved or not, but not changed. Default true. */
  readonly editable?: boolean
  /** What the operator reads; default the name of the field. */
  readonly title?: string
  /** With `choice`: what may be chosen. */
  readonly options?: readonly string[]
  /** Name of the operation of this run that gave the value: its label is that of the field. Default: of the run. */
  readonly from?: string
}

export interface ReviewField {
  readonly name: string
  readonly kind: FieldKind
  readonly editable: boolean
  readonly title: string
  /** null but for a choice. */
  readonly options: readonly string[] | null
  /** The operation that gave the value; null where the workflow does not say. */
  readonly from: string | null
  /** Where the value comes from, and how far it is trusted. */
  readonly label: Label
}

/**
 * When nobody has answered by the deadline. keep: it goes on waiting, and that is told. escalate: the same, with an
 * alert that stands until it is answered. reject: as if the operator had said no. approve: as if the operator had
 * said yes, only where what it leads to can be undone and nothing looks wrong; otherwise escalate.
 */
export type OnExpiry = 'keep' | 'escalate' | 'reject' | 'approve'

/** Another proposal that the operator may choose in place of the first. */
export interface Alternative {
  /** One line: how it differs. */
  readonly title: string
  readonly proposal: JsonObject
}

/** Of a proposal; each may be left out. */
export interface ReviewOptions {
  /** By the names of the proposal's fields. */
  readonly fields?: Readonly<Record<string, FieldOptions>>
  /** The operation that it leads to when it is approved, such as `smtp.send`: its manifest says the risk. */
  readonly operation?: string
  /** The part of the customers that this one belongs to. */
  readonly segment?: string
  /** In the order in which they are offered. */
  readonly alternatives?: readonly Alternative[]
  /** How long the operator has; default for good. */
  readonly deadline?: Duration
  /** Default `keep`. */
  readonly onExpiry?: OnExpiry
}

/** What an approval leads to, by the manifest of the operation. */
export interface Risk {
  readonly operation: string
  /** What is not known counts as irreversible. */
  readonly effect: 'read' | 'reversible' | 'external' | 'irreversible'
  readonly hasUndo: boolean
  /** Fields that decide whom or what it touches. */
  readonly criticalArguments: readonly string[]
  readonly dataClass: 'public' | 'personal' | 'private' | null
}

export type ReviewVerdict = 'approved' | 'edited' | 'rejected' | 'responded'

/** Fields as they are put on record: in the order of the proposal; what names no field of it is left out. */
export function fieldsOf(
  proposal: JsonObject,
  options: ReviewOptions['fields'] = {},
  labelOf: (operation: string | null) => Label,
): ReviewField[] {
  return Object.entries(proposal).map(([name, value]) => {
    const given = Object.hasOwn(options, name) ? options[name] : undefined
    const from = given?.from ?? null
    return {
      name,
      kind: given?.kind ?? (given?.options === undefined ? kindOf(value) : 'choice'),
      editable: given?.editable ?? true,
      title: given?.title ?? name,
      options: given?.options ?? null,
      from,
      label: labelOf(from),
    }
  })
}

function kindOf(value: Json): FieldKind {
  if (typeof value === 'string') return value.includes('\n') ? 'long-text' : 'text'
  return typeof value === 'number' || typeof value === 'boolean' ? (typeof value as FieldKind) : 'json'
}

/** What is wrong with the value for a field of this kind; null when nothing is. */
export function misfit({ kind, options }: Pick<ReviewField, 'kind' | 'options'>, value: Json): string | null {
  switch (kind) {
    case 'number':
      return typeof value === 'number' ? null : 'is no number'
    case 'boolean':
      return typeof value === 'boolean' ? null : 'is neither true nor false'
    case 'text':
    case 'long-text':
      return typeof value === 'string' ? null : 'is no text'
    case 'address':
      return typeof value === 'string' && /^[^\s@<>,;]+@[^\s@<>,;]+$/.test(value) ? null : 'is no address'
    case 'date':
      return typeof value === 'string' && /^\d{4}-\d\d-\d\d/.test(value) && !Number.isNaN(Date.parse(value))
        ? null
        : 'is no date such as 2026-03-01'
    case 'choice':
      return options?.includes(value as string) ? null : `is none of ${options?.join(', ') || 'nothing'}`
    case 'json':
      return null
  }
}

/** A value as it is typed. Text that can't be read as the kind is left as text, and doesn't fit then. */
export function typed(kind: FieldKind, text: string): Json {
  if (kind !== 'number' && kind !== 'boolean' && kind !== 'json') return text
  try {
    return JSON.parse(text.trim()) as Json
  } catch {
    return text
  }
}

/** What becomes of a review that nobody has answered by its deadline, and why it is not what was asked for. */
export function expiryOf(
  onExpiry: OnExpiry,
  risk: Risk | null,
  warnings: number,
): { readonly becomes: OnExpiry; readonly why: string | null } {
  if (onExpiry !== 'approve') return { becomes: onExpiry, why: null }
  if (!canBeUndone(risk)) {
    const what = risk === null ? 'where it leads to is not known' : `${risk.operation} can't be undone`
    return { becomes: 'escalate', why: `it is not approved without you: ${what}` }
  }
  if (warnings > 0) return { becomes: 'escalate', why: 'it is not approved without you: there is a warning' }
  return { becomes: 'approve', why: null }
}

function canBeUndone(risk: Risk | null): boolean {
  return risk?.effect === 'read' || (risk?.effect === 'reversible' && risk.hasUndo)
}

/** A look at a proposal counts for so long at most: who leaves it open all night has not read all night. */
export const LONGEST_LOOK_MS = 10 * 60_000

/** How long the operator has looked at it since it was shown, together with so many others. */
export function lookMs(shownAt: number, until: number, among: number): number {
  return Math.round(Math.min(Math.max(0, until - shownAt), LONGEST_LOOK_MS) / among)
}

/** How much an answer has changed of what was proposed. */
export function editOf(proposal: JsonObject, value: JsonObject): { edits: JsonObject; distance: number } {
  return { edits: fieldDistances(proposal, value), distance: distance(proposal, value) }
}

/** Ways by which the operator never answers: what is left to a rule, to a deadline, to autonomy. */
const OTHER_WAYS: readonly string[] = ['rule', 'expiry', 'autonomy']

export function isOwnersWay(way: string): boolean {
  return !OTHER_WAYS.includes(way)
}

/**
 * Whether an answer is the owner's own word on the bytes that it names: only then may it lift a label, and then for
 * those bytes alone. What a rule or the passing of time says is not.
 */
export function isOwnersWord(verdict: ReviewVerdict, way: string): boolean {
  return (verdict === 'approved' || verdict === 'edited') && isOwnersWay(way)
}

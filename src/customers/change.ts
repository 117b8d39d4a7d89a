/** What `customer.created` and `customer.updated` say, and which of two values counts. */
import type { Json, JsonObject } from '../kernel/json.ts'
import { isFullName } from './person-name.ts'
import type { FieldName, How } from './sender-facts.ts'
import type { CustomerKind } from './sender-kind.ts'

/** Where one value was found. */
export interface Origin {
  /** The message that says so; null for the operator's own word. */
  readonly message: string | null
  readonly how: How
  /** When it was said, ISO 8601: the date of the message, or when it was recorded if it has none. */
  readonly at: string | null
}

export interface FieldValue {
  readonly value: string
  readonly origin: Origin
}

/** How an address came to its record: the first one, or joined by evidence that can be made up. */
export type Joined = 'first' | 'phone' | 'thread' | 'owner'

export interface AddressValue extends FieldValue {
  readonly joined: Joined
}

/** The body of both kinds. An update holds only what it adds. */
export interface CustomerChange {
  readonly id: string
  /** Left out when it stays as it is. */
  readonly kind?: CustomerKind
  readonly fields: Readonly<Partial<Record<FieldName, FieldValue>>>
  readonly addresses: readonly AddressValue[]
  readonly phones: readonly FieldValue[]
  readonly because: string
}

export function bodyOf(change: CustomerChange): JsonObject {
  return change as unknown as { readonly [key: string]: Json }
}

/** The change that an event of either kind holds; null once its body is erased. */
export function changeOf(body: JsonObject | null): CustomerChange | null {
  return body as unknown as CustomerChange | null
}

/**
 * Whether `next`, said later, takes the place of `current`. The operator's word stands until the operator
 * says otherwise; what was written beats a guess; a full name beats a first name; else the later counts.
 * What is replaced stays in the record with its origin.
 */
export function replaces(field: FieldName, next: ValueSaid, current: ValueSaid | undefined): boolean {
  return current === undefined || standing(field, next) >= standing(field, current)
}

export interface ValueSaid {
  readonly value: string
  readonly how: How
}

function standing(field: FieldName, { value, how }: ValueSaid): number {
  if (how === 'owner') return 3
  if (how === 'address domain' || (field === 'name' && !isFullName(value))) return 1
  return 2
}

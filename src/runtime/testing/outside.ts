/** An outside system that does as it is told: what it was asked, what it did, and how it answers. */
import type { BreakerSettings } from '../../kernel/breaker.ts'
import { HoldfastError } from '../../kernel/errors.ts'
import type { Json } from '../../kernel/json.ts'
import type { Schema } from '../../kernel/schema.ts'
import {
  type Connector,
  defineConnector,
  type Lookup,
  type OperationManifest,
  type PerformContext,
} from '../../ports/connector.ts'

/**
 * refuse, unavailable: nothing is done, and it says so. dropped: nothing is done, lost: it is done, and in
 * both cases nobody can tell from the error. hangs: done, but the answer never comes. misfit: done, but the
 * output does not fit.
 */
export type Manner = 'ok' | 'refuse' | 'unavailable' | 'dropped' | 'lost' | 'hangs' | 'misfit' | HoldfastError

export type LookupManner = 'truth' | 'unknown' | 'throws' | 'down' | 'none'

export interface OutsideOptions {
  readonly manifest?: OperationManifest
  readonly lookup?: LookupManner
  readonly breaker?: Partial<BreakerSettings>
  /** Called when it is asked to do something, before anything else. */
  readonly onPerform?: (input: Json, context: PerformContext) => void | Promise<void>
}

export class Outside {
  /** Keys of what was done, in order: a key twice was done twice. */
  readonly done: string[] = []
  readonly calls: { readonly key: string; readonly attempt: number; readonly input: Json }[] = []
  lookups = 0
  /** How the next calls go, one by one; then all is well. */
  readonly manners: Manner[] = []
  lookup: LookupManner
  readonly connector: Connector

  constructor({ manifest, lookup = 'truth', breaker = {}, onPerform }: OutsideOptions = {}) {
    this.lookup = lookup
    const operation = {
      manifest: { effect: 'external' as const, title: 'Post it', ...manifest },
      input: anything,
      output: receipt,
      perform: async (input: Json, context: PerformContext) => {
        await onPerform?.(input, context)
        return await this.#perform(input, context)
      },
    }
    const looksUp = (_: Json, { idempotencyKey }: PerformContext) => this.#lookup(idempotencyKey)
    const send = lookup === 'none' ? operation : { ...operation, lookup: looksUp }
    this.connector = defineConnector({ name: 'post', breaker, operations: { send } })
  }

  async #perform(input: Json, context: PerformContext): Promise<Json> {
    const { idempotencyKey: key, attempt } = context
    this.calls.push({ key, attempt, input })
    const manner = this.manners.shift() ?? 'ok'
    if (manner instanceof HoldfastError) throw manner
    if (manner === 'refuse') throw new HoldfastError('CONNECTOR_REFUSED', 'no such box')
    if (manner === 'unavailable') throw new HoldfastError('CONNECTOR_UNAVAILABLE', 'closed')
    if (manner === 'dropped') throw new Error('the line broke before')
    this.done.push(key)
    if (manner === 'lost') throw new Error('the line broke after')
    if (manner === 'misfit') return { odd: true }
    if (manner === 'hangs') await new Promise(() => {})
    return { receipt: this.done.length }
  }

  async #lookup(key: string): Promise<Lookup<Json>> {
    this.lookups += 1
    if (this.lookup === 'throws') throw new Error('the desk is closed')
    if (this.lookup === 'down') throw new HoldfastError('CONNECTOR_UNAVAILABLE', 'closed')
    if (this.lookup === 'unknown') return { found: 'unknown', why: 'no books', ifDone: { receipt: 0 } }
    const place = this.done.indexOf(key)
    return place < 0 ? { found: 'no' } : { found: 'yes', output: { receipt: place + 1 } }
  }
}

const anything: Schema<Json, Json> = {
  '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value: value as Json }) },
}

const receipt: Schema<Json, Json> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value) =>
      typeof (value as { receipt?: unknown } | null)?.receipt === 'number'
        ? { value: value as Json }
        : { issues: [{ message: 'no receipt' }] },
  },
}

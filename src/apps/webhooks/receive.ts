/**
 * What comes by a webhook: a delivery of another system becomes a published event, once, with a label from outside. In
 * this order: it is small enough, it says who it is, its time is now, its signature fits a secret of the vault, it is
 * JSON. Nothing of one that is refused is kept.
 *
 * The id of the event is made of the id of the delivery: whatever is delivered again is the same event. A crash before
 * the commit leaves nothing, and the sender, who had no answer, delivers again; after it, the event.
 *
 * Why: docs/decisions/0054-webhooks-exports-and-one-commit.md
 */

import { HoldfastError, isHoldfastError } from '../../kernel/errors.ts'
import type { Json } from '../../kernel/json.ts'
import { externalFrom } from '../../kernel/label.ts'
import type { Secrets } from '../../policy/secrets.ts'
import type { Holdfast } from '../../runtime/holdfast.ts'
import { eventStream } from '../../runtime/perform/publish.ts'
import { checkSignature } from './signature.ts'

/** One source of deliveries, as `holdfast.yaml` has it. */
export interface WebhookSource {
  /** Names of secrets in the vault: a signature may be by any that is there. More than one for a change of secret. */
  readonly secrets: readonly string[]
  /** Kind of the event. */
  readonly kind: string
  /** Where the key of the event stands in the body, such as `data.customer`; null for no key. */
  readonly key: string | null
}

export interface Delivery {
  /** The header `webhook-id`; null when it is missing, as are the others. */
  readonly id: string | null
  readonly timestamp: string | null
  readonly signature: string | null
  readonly body: Uint8Array
}

export interface Received {
  /** Id of the event. */
  readonly event: string
  /** Whether it had been received before. */
  readonly repeated: boolean
}

const ID = /^[\w.:=+/-]{1,128}$/

export class Webhooks {
  readonly #holdfast: Holdfast
  readonly #secrets: Secrets
  readonly #sources: ReadonlyMap<string, WebhookSource>
  /** What was opened, by name and version: each is on record as used once, not with every delivery. */
  readonly #opened = new Map<string, { readonly version: number; readonly value: string }>()

  constructor(
    holdfast: Holdfast,
    {
      secrets,
      sources,
    }: { readonly secrets: Secrets; readonly sources: Readonly<Record<string, WebhookSource>> },
  ) {
    this.#holdfast = holdfast
    this.#secrets = secrets
    this.#sources = new Map(Object.entries(sources))
  }

  /** @throws WEBHOOK_UNKNOWN */
  source(name: string): WebhookSource {
    const source = this.#sources.get(name)
    if (source !== undefined) return source
    throw new HoldfastError('WEBHOOK_UNKNOWN', `There is no webhook ${JSON.stringify(name.slice(0, 80))}`)
  }

  /**
   * Durable once this resolves.
   * @throws WEBHOOK_UNKNOWN, WEBHOOK_INVALID, WEBHOOK_STALE, WEBHOOK_UNSIGNED; EVENT_ID_CONFLICT for another delivery
   * under the same id; SECRET_UNKNOWN, VAULT_*, LOG_WRITE_FAILED
   */
  async receive(name: string, { id, timestamp, signature, body }: Delivery): Promise<Received> {
    const source = this.source(name)
    if (id === null || timestamp === null || signature === null) {
      throw invalid('One of the headers webhook-id, webhook-timestamp and webhook-signature is missing')
    }
    if (!ID.test(id)) throw invalid('The webhook-id is not 1 to 128 letters, digits and ._:=+/-')
    const { clock } = this.#holdfast.runtime
    checkSignature({ id, timestamp, signature, body }, await this.#keysOf(name, source), clock.now())
    const data = parsed(body)
    const event = `webhook/${name}/${id}`
    const repeated = this.#holdfast.log.versionOf(eventStream(event)) > 0
    await this.#holdfast.emit({
      id: event,
      kind: source.kind,
      key: keyOf(data, source.key),
      data,
      label: externalFrom(`webhook:${name}`),
      actor: `webhook:${name}`,
    })
    return { event, repeated }
  }

  /** The values of those that are there. @throws SECRET_UNKNOWN when none is, VAULT_* */
  async #keysOf(name: string, { secrets }: WebhookSource): Promise<string[]> {
    const there = new Map((await this.#secrets.list()).map((entry) => [entry.name, entry.version]))
    const values: string[] = []
    for (const secret of secrets) {
      const version = there.get(secret)
      if (version === undefined) continue
      const known = this.#opened.get(secret)
      if (known?.version === version) values.push(known.value)
      else {
        const value = await this.#secrets.reveal(secret, `webhook.${name}`)
        this.#opened.set(secret, { version, value })
        values.push(value)
      }
    }
    if (values.length > 0) return values
    throw new HoldfastError('SECRET_UNKNOWN', `The vault has none of the secrets of webhook ${name}`, {
      details: { webhook: name, secrets },
      fix: `Set one with \`holdfast vault set ${secrets[0] ?? ''}\`.`,
    })
  }
}

/** Whether whoever delivers can do nothing about it, so that the delivery is to be sent again later. */
export function isOurs(error: unknown): boolean {
  return !isHoldfastError(error) || /^(SECRET|VAULT|LOG|HOLDFAST)_/.test(error.code)
}

function parsed(body: Uint8Array): Json {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)) as Json
  } catch {
    throw invalid('The body is no JSON')
  }
}

/** '' where there is nothing, or no text or number. */
function keyOf(data: Json, path: string | null): string {
  let at: Json | undefined = path === null ? undefined : data
  for (const name of path?.split('.') ?? []) at = memberOf(at, name)
  return typeof at === 'string' || typeof at === 'number' ? String(at) : ''
}

function memberOf(value: Json | undefined, name: string): Json | undefined {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
  return (value as { readonly [name: string]: Json })[name]
}

function invalid(what: string): HoldfastError {
  return new HoldfastError('WEBHOOK_INVALID', what)
}

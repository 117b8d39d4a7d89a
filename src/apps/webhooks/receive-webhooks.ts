/** Webhooks of a process: who may deliver, and where. */
import type { Secrets } from '../../policy/secrets.ts'
import { secretNamed } from '../../ports/vault.ts'
import type { Holdfast } from '../../runtime/holdfast.ts'
import { Webhooks } from './receive.ts'
import { serveWebhooks, type WebhookServer } from './webhook-server.ts'

export interface WebhookOptions {
  readonly secrets: Secrets
  /** An address of this machine and a port, such as `127.0.0.1:8787`; port 0 for any that is free. */
  readonly listen: string
  /** Who may deliver, by name: `POST /webhooks/NAME`. */
  readonly from: Readonly<
    Record<
      string,
      {
        /** Handles, such as `vault:shop-hook`: a delivery is signed with any that is in the vault. */
        readonly secrets: readonly string[]
        /** Kind of the published event. Default `webhook.NAME`. */
        readonly kind?: string | undefined
        /** Where the key of the event stands in the body, such as `data.customer`. Default: it has none. */
        readonly key?: string | null
      }
    >
  >
  /** Most bytes of one delivery, default 262,144. */
  readonly maxBytes?: number
  /** Told of the first refusal of each sort. Default: nobody is. */
  readonly note?: (line: string) => void
}

const MAX_BYTES = 262_144

/** @throws CONFIG_INVALID when nothing can listen there; SECRET_INVALID for what is no handle */
export async function receiveWebhooks(
  holdfast: Holdfast,
  { secrets, listen, from, maxBytes = MAX_BYTES, note = () => {} }: WebhookOptions,
): Promise<WebhookServer> {
  const sources = Object.entries(from).map(([name, { secrets: handles, kind, key = null }]) => {
    const names = handles.flatMap((handle) => secretNamed(handle) ?? [])
    return [name, { secrets: names, kind: kind ?? `webhook.${name}`, key }] as const
  })
  const webhooks = new Webhooks(holdfast, { secrets, sources: Object.fromEntries(sources) })
  return await serveWebhooks({ webhooks, listen, maxBytes, redact: (value) => secrets.redact(value), note })
}

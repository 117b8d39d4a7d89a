/** What can be set in `holdfast.yaml`: the one source of its types, checks, defaults and JSON Schema. */
import { z } from 'zod'

const path = () => z.string().min(1)

/** A secret never stands in the file, only its handle. */
const HANDLE = /^vault:[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?$/
const HANDLE_WANTED = 'must be the handle of a secret in the vault, such as vault:smtp-password'
const handle = (of: string, variable: string) =>
  z
    .string()
    .regex(HANDLE, { error: HANDLE_WANTED })
    .nullable()
    .default(null)
    .describe(`Handle of ${of} in the vault. The variable ${variable} goes before it.`)

const owner = z
  .strictObject({
    name: z.string().default('').describe('Your name, as it stands under your mails.'),
    addresses: z
      .array(z.email().toLowerCase())
      .default([])
      .describe('Your mail addresses. Mail from them is your own; the first one is the sender of replies.'),
    business: z.string().default('').describe('Name of your business.'),
    region: z
      .string()
      .regex(/^[A-Z]{2}$/, { error: 'must be a country code of two capital letters, such as SE' })
      .default('US')
      .describe('Country of phone numbers that are written without a country code, such as SE.'),
  })
  .prefault({})

const mail = z
  .strictObject({
    in: z
      .strictObject({
        maildir: path()
          .nullable()
          .default('mail/Inbox')
          .describe('Folder in Maildir format that mail is delivered to; null for none.'),
      })
      .prefault({}),
    out: z
      .strictObject({
        connector: z
          .enum(['maildir', 'smtp'])
          .default('maildir')
          .describe(
            'How mail leaves: written to `sentDir` and no further, or sent by the server under `smtp`.',
          ),
        sentDir: path().default('mail/Sent').describe('Folder in Maildir format for what `maildir` sends.'),
      })
      .prefault({}),
  })
  .prefault({})

const smtp = z
  .strictObject({
    host: z.string().min(1).toLowerCase().nullable().default(null).describe('Name of the mail server.'),
    port: z.int().min(1).max(65_535).default(587).describe('587 for STARTTLS, 465 for TLS throughout.'),
    secure: z
      .boolean()
      .default(false)
      .describe('true: TLS from the first byte (port 465). false: begins in plain text, then STARTTLS.'),
    user: z.string().min(1).nullable().default(null).describe('Name to sign in with; null to not sign in.'),
    password: handle('the password', 'HOLDFAST_SMTP_PASSWORD'),
    passwordFile: path()
      .nullable()
      .default(null)
      .describe('File that holds the password alone. `password` goes before it.'),
  })
  .prefault({})

const price = z.strictObject({
  inputPerMillionUsd: z.number().min(0).describe('US dollars for a million tokens read.'),
  outputPerMillionUsd: z.number().min(0).describe('US dollars for a million tokens written.'),
})

const MODEL_NAME = /^(openai|anthropic|ollama):\S+$/

const models = z
  .strictObject({
    use: z
      .string()
      .regex(/^(auto|none|(openai|anthropic|ollama):\S+)$/, {
        error:
          'must be auto, none or provider:model with the provider openai, anthropic or ollama, ' +
          'such as openai:gpt-5.4-mini',
      })
      .default('auto')
      .describe('auto: what the environment gives access to. none: the playbook decides alone.'),
    keys: z
      .strictObject({
        openai: handle('the key', 'OPENAI_API_KEY'),
        anthropic: handle('the key', 'ANTHROPIC_API_KEY'),
      })
      .prefault({}),
    prices: z
      .record(z.string().regex(MODEL_NAME, { error: 'must be provider:model' }), price)
      .default({})
      .describe('Prices by provider:model, for costs and budgets. Without one, the cost is unknown.'),
  })
  .prefault({})

const limits = z
  .strictObject({
    activeRuns: z.int().min(1).max(10_000).default(64).describe('Runs that advance at the same time.'),
  })
  .prefault({})

const WEBHOOK_NAME = /^[a-z][a-z0-9-]{0,39}$/

const webhook = z.strictObject({
  secrets: z
    .array(z.string().regex(HANDLE, { error: HANDLE_WANTED }))
    .min(1)
    .max(4)
    .describe(
      'Handles of secrets: a delivery is signed with any that is in the vault. Two for a change of secret.',
    ),
  kind: z
    .string()
    .regex(/^[a-z][\w.-]{0,99}$/, { error: 'must be the kind of an event, such as order.placed' })
    .optional()
    .describe('Kind of the published event. Default: webhook. and the name.'),
  key: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe('Where the key of the event stands in the body, such as data.customer.'),
})

const webhooks = z
  .strictObject({
    listen: z
      .string()
      .regex(/^(\[[0-9a-f:]+\]|[\w.-]+):\d{1,5}$/i, {
        error: 'must be an address and a port, such as 127.0.0.1:8787',
      })
      .nullable()
      .default(null)
      .describe('Where `up` takes deliveries: an address of this machine and a port. null: nowhere.'),
    maxBytes: z.int().min(1).max(16_777_216).default(262_144).describe('Most bytes of one delivery.'),
    from: z
      .record(
        z.string().regex(WEBHOOK_NAME, { error: 'must be a name of small letters, digits and hyphens' }),
        webhook,
      )
      .default({})
      .describe('Who may deliver, by name: POST /webhooks/NAME.'),
  })
  .prefault({})

export const configSchema = z
  .strictObject({ owner, mail, smtp, models, limits, webhooks })
  .meta({ title: 'holdfast.yaml', description: 'Configuration of a Holdfast workspace.' })

export type Config = z.output<typeof configSchema>

/** One value that can be set. */
export interface ConfigLeaf {
  /** Such as `mail.out.sentDir`. */
  readonly key: string
  readonly path: readonly string[]
  readonly schema: z.ZodType
  /** The variable that sets it: `HOLDFAST_MAIL_OUT_SENT_DIR`; null for a handle, whose variable gives the secret itself. */
  readonly variable: string | null
}

/** Those whose name does not follow from the key. */
const VARIABLES: Readonly<Record<string, string | null>> = {
  'models.use': 'HOLDFAST_MODEL',
  'smtp.password': null,
  'models.keys.openai': null,
  'models.keys.anthropic': null,
}

/** Every value that can be set, in the order of the file. */
export const CONFIG_LEAVES: readonly ConfigLeaf[] = leavesOf(configSchema, [])

function leavesOf(schema: z.core.$ZodType, path: readonly string[]): ConfigLeaf[] {
  const inner = schema instanceof z.ZodPrefault ? schema.unwrap() : schema
  if (inner instanceof z.ZodObject) {
    return Object.entries<z.core.$ZodType>(inner.shape).flatMap(([name, part]) =>
      leavesOf(part, [...path, name]),
    )
  }
  const key = path.join('.')
  const named = VARIABLES[key]
  const variable = named === undefined ? `HOLDFAST_${path.map(upperSnake).join('_')}` : named
  return [{ key, path, schema: inner as z.ZodType, variable }]
}

function upperSnake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()
}

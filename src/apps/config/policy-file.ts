/** `policy.yaml` in the workspace: what may happen without you, what never, where to, and for how much. */
import { join } from 'node:path'
import { z } from 'zod'
import { durationMs } from '../../kernel/duration.ts'
import type { PolicySettings } from '../../ports/policy-settings.ts'
import type { RetentionRule } from '../../runtime/retention.ts'
import { parseYamlFile } from '../../templates/yaml-file.ts'
import { readIfThere } from './file.ts'
import { POLICY_FILE } from './file-names.ts'

export { POLICY_FILE }

const operations = () =>
  z.array(
    z.string().regex(/^(\*|[a-z][a-z0-9-]*\.(\*|[^\s*]+))$/, {
      error: 'must be an operation such as smtp.send, all of a connector such as model.*, or *',
    }),
  )

const host = z
  .string()
  .toLowerCase()
  .regex(/^([\p{L}\p{N}._-]+|[0-9a-f]*:[0-9a-f:.]*:[0-9a-f:.]*)$/u, {
    error: 'must be the name or address of a host, without scheme, port or path',
  })

const duration = z.string().refine((text) => text === 'never' || lengthOf(text) !== null, {
  error: 'must be a length of time such as 90d, or never',
})

function lengthOf(text: string): number | null {
  try {
    return durationMs(text)
  } catch {
    return null
  }
}

const limit = (fallback: number) => z.number().min(0).nullable().default(fallback)

export const policySchema = z
  .strictObject({
    version: z.literal(1),
    operations: z
      .strictObject({
        allow: operations()
          .default(['maildir.send', 'maildir.receive', 'smtp.send', 'model.*'])
          .describe('May happen. What no list names is denied.'),
        deny: operations().default([]).describe('Never happens, whatever the other lists say.'),
        review: operations().default([]).describe('Happens when you say so, each time.'),
      })
      .prefault({}),
    egress: z
      .strictObject({
        allow: z
          .array(host)
          .optional()
          .describe('Hosts that may be talked to. Default: this machine, the SMTP server, the models.'),
      })
      .prefault({}),
    budget: z
      .strictObject({
        perDayUsd: limit(5).describe('US dollars for models in a day (UTC); null for no limit.'),
        perRunUsd: limit(0.5).describe('US dollars for models in one run; null for no limit.'),
        modelCallsPerDay: z
          .int()
          .min(0)
          .nullable()
          .default(1_000)
          .describe('Model calls in a day (UTC), priced or not; null for no limit.'),
      })
      .prefault({}),
    retention: z
      .array(
        z.strictObject({
          workflow: z
            .string()
            .min(1)
            .default('*')
            .describe('Name of a workflow, such as lead-qualification; * for all.'),
          status: z
            .array(z.enum(['completed', 'failed', 'cancelled']))
            .min(1)
            .default(['completed', 'cancelled'])
            .describe('How a run ended. A failed one can be looked into while it is kept.'),
          eraseAfter: duration.describe('Time after its end, such as 90d; never to keep it for good.'),
        }),
      )
      .default([])
      .describe('What finished runs held is erased by the first rule that fits. Default: all is kept.'),
  })
  .meta({ title: 'policy.yaml', description: 'Policy of a Holdfast workspace.' })

const LOOPBACK = ['localhost', '127.0.0.1', '::1']

/**
 * The policy of a workspace; without the file, its defaults.
 * @param options.hosts the hosts configured for SMTP and models: with loopback, the default of `egress.allow`.
 * @throws CONFIG_INVALID with line, column and path. FILE_UNREADABLE when the file is there and can't be read.
 */
export async function loadPolicy(options: {
  readonly dir: string
  readonly hosts: readonly string[]
}): Promise<PolicySettings> {
  return settingsOf(await readPolicy(options.dir), options.hosts)
}

/** As `loadPolicy`, of the text of a file. @throws CONFIG_INVALID with line, column and path. */
export function parsePolicy(text: string, file: string, hosts: readonly string[]): PolicySettings {
  return settingsOf(parseYamlFile(text, policySchema, { file, code: 'CONFIG_INVALID' }), hosts)
}

type PolicyFile = z.output<typeof policySchema>

function settingsOf(
  { operations, egress, budget }: PolicyFile,
  configured: readonly string[],
): PolicySettings {
  const hosts = [...LOOPBACK, ...configured.map((name) => name.toLowerCase())]
  return { operations, egress: { allow: egress.allow ?? [...new Set(hosts)] }, budget }
}

/**
 * How long what finished runs held is kept.
 * @throws CONFIG_INVALID, FILE_UNREADABLE, as for the rest of the file.
 */
export async function loadRetention(dir: string): Promise<readonly RetentionRule[]> {
  const { retention } = await readPolicy(dir)
  return retention.map(({ eraseAfter, ...rule }) => ({
    ...rule,
    afterMs: eraseAfter === 'never' ? null : durationMs(eraseAfter),
  }))
}

async function readPolicy(dir: string): Promise<PolicyFile> {
  const file = join(dir, POLICY_FILE)
  const text = await readIfThere(file)
  if (text === null) return policySchema.parse({ version: 1 })
  return parseYamlFile(text, policySchema, { file, code: 'CONFIG_INVALID' })
}

/** The `policy.yaml` that `init` writes; it says what the defaults say. */
export const DEFAULT_POLICY_TEXT = `# What Holdfast may do in this workspace. Every effect and every model call passes these
# rules first, and \`holdfast run show ID\` names the one that decided.

version: 1

# Operations by name: smtp.send, all of a family (model.*), or * for everything.
# deny goes before review, review before allow; what no list names is denied.
operations:
  allow: [maildir.send, maildir.receive, smtp.send, model.*]
  deny: []
  review: []

# Hosts that may be talked to. Left out, these are this machine, the server under smtp
# in holdfast.yaml, and the models in use.
# egress:
#   allow: [localhost, smtp.example.com, api.openai.com]

# At a limit no model is asked any more. Days are UTC; null means no limit.
budget:
  perDayUsd: 5
  perRunUsd: 0.5
  modelCallsPerDay: 1000

# How long the content of finished runs is kept, with the mail they are about. The first
# rule that fits decides; what none fits is kept for good. What is erased is gone.
# retention:
#   - workflow: lead-qualification
#     status: [completed, cancelled]
#     eraseAfter: 365d
`

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

const RUN_ENDS = ['completed', 'failed', 'cancelled', 'continued'] as const
const RUN_ENDS_ERASED = ['completed', 'cancelled', 'continued'] as const

/** For runs, for published events, or for what agents' states were. */
const retentionRule = z
  .strictObject({
    workflow: z
      .string()
      .min(1)
      .optional()
      .describe('For runs: name of a workflow, such as lead-qualification; * for all, as without it.'),
    status: z
      .array(z.enum(RUN_ENDS))
      .min(1)
      .optional()
      .describe(
        `For runs: how a run ended. Default ${RUN_ENDS_ERASED.join(', ')}: a failed one can be looked into. Continued: it goes on as another run.`,
      ),
    events: z
      .string()
      .min(1)
      .optional()
      .describe('For published events: their kind; * for all. Kept while somebody may still look at one.'),
    agent: z
      .string()
      .min(1)
      .optional()
      .describe('For what the states of an agent were before their newest snapshots: its name; * for all.'),
    eraseAfter: duration.describe(
      'Time after the end of the run, or since the event was published or handled, such as 90d; never to keep it for good.',
    ),
  })
  .refine(({ workflow, status, events, agent }) => {
    const sorts = [workflow ?? status, events, agent].filter((one) => one !== undefined)
    return sorts.length <= 1
  }, 'must be for runs (workflow, status), for events, or for an agent, and not for two of them')

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
      .array(retentionRule)
      .default([])
      .describe(
        'What finished runs held, published events, and past states of agents, are erased by the first rule of their sort that fits. Default: all is kept.',
      ),
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
 * How long what finished runs held, published events and past states are kept.
 * @throws CONFIG_INVALID, FILE_UNREADABLE, as for the rest of the file.
 */
export async function loadRetention(dir: string): Promise<readonly RetentionRule[]> {
  const { retention } = await readPolicy(dir)
  return retention.map(({ eraseAfter, workflow = '*', status = [...RUN_ENDS_ERASED], events, agent }) => {
    const afterMs = eraseAfter === 'never' ? null : durationMs(eraseAfter)
    if (events !== undefined) return { events, afterMs }
    return agent === undefined ? { workflow, status, afterMs } : { agent, afterMs }
  })
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
#   - events: mail.answered      # published events of a kind, or * for all
#     eraseAfter: 365d
#   - agent: "*"                 # what the states of agents were before their snapshots
#     eraseAfter: 30d
`

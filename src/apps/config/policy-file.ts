/** `policy.yaml` in the workspace: what may happen without you, what never, where to, and for how much. */
import { join } from 'node:path'
import type { z } from 'zod'
import { durationMs } from '../../kernel/duration.ts'
import type { PolicySettings } from '../../ports/policy-settings.ts'
import type { RetentionRule } from '../../runtime/retention/retention.ts'
import { parseYamlFile } from '../../templates/yaml-file.ts'
import { readIfThere } from './file.ts'
import { POLICY_FILE } from './file-names.ts'
import { lengthOf } from './lengths.ts'
import { policySchema, RUN_ENDS_ERASED } from './policy-schema.ts'

export { POLICY_FILE }

const LOOPBACK = ['localhost', '127.0.0.1', '::1']

/**
 * The policy of a workspace; without the file, its defaults.
 * @param options.hosts the hosts configured for SMTP and models: with loopback, the default of `egress.allow`.
 * @param options.own the owner's own addresses, for which the owner vouches
 * @throws CONFIG_INVALID with line, column and path. FILE_UNREADABLE when the file is there and can't be read.
 */
export async function loadPolicy(options: {
  readonly dir: string
  readonly hosts: readonly string[]
  readonly own: readonly string[]
}): Promise<PolicySettings> {
  return settingsOf(await readPolicy(options.dir), options)
}

/** The file as it stands; null where there is none. @throws FILE_UNREADABLE */
export async function policyText(dir: string): Promise<string | null> {
  return await readIfThere(join(dir, POLICY_FILE))
}

/** As `loadPolicy`, of the text of a file. @throws CONFIG_INVALID with line, column and path. */
export function parsePolicy(text: string, file: string, configured: Configured): PolicySettings {
  return settingsOf(parseYamlFile(text, policySchema, { file, code: 'CONFIG_INVALID' }), configured)
}

/** What a policy takes from the rest of the configuration. */
export interface Configured {
  readonly hosts: readonly string[]
  readonly own: readonly string[]
}

type PolicyFile = z.output<typeof policySchema>

function settingsOf(
  {
    operations,
    access,
    rates,
    egress,
    grants,
    questions,
    addressBook,
    guardrails,
    absence,
    budget,
    budgets,
  }: PolicyFile,
  configured: Configured,
): PolicySettings {
  const hosts = [...LOOPBACK, ...configured.hosts.map((name) => name.toLowerCase())]
  const own = configured.own.map((address) => address.toLowerCase())
  return {
    operations,
    access,
    rates,
    egress: { allow: egress.allow ?? [...new Set(hosts)] },
    grants: { never: grants.never, maxAgeMs: lengthOf(grants.maxAge) },
    ...(questions === null
      ? {}
      : { questions: { deadlineMs: lengthOf(questions.deadline) ?? 0, onExpiry: questions.onExpiry } }),
    addressBook: [...new Set([...addressBook, ...own])],
    guardrails,
    absence,
    budget: budgetOf(budget),
    budgets,
  }
}

function budgetOf({ expireAfter, ...limits }: PolicyFile['budget']): PolicySettings['budget'] {
  return { ...limits, expireAfterMs: durationMs(expireAfter) }
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

export interface BackupRules {
  /** How long the keys of sealed backups are kept, in milliseconds; null for plain copies. */
  readonly keepMs: number | null
  readonly afterErasureMs: number
  /** Folder of the keys, from the workspace's; undefined for the default. */
  readonly keys: string | undefined
}

/** How backups are made, and how long they can be read. @throws CONFIG_INVALID, FILE_UNREADABLE */
export async function loadBackupRules(dir: string): Promise<BackupRules> {
  const { keep, afterErasure, keys } = (await readPolicy(dir)).backups
  return {
    keepMs: keep === undefined ? null : lengthOf(keep),
    afterErasureMs: lengthOf(afterErasure) ?? 0,
    keys,
  }
}

/** The file whole, its defaults filled in. @throws CONFIG_INVALID, FILE_UNREADABLE */
async function readPolicy(dir: string): Promise<PolicyFile> {
  const file = join(dir, POLICY_FILE)
  const text = await policyText(dir)
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

# Which agent may use which of them, and on which customers:
# access:
#   - agents: [lead-qualification]
#     operations: [smtp.send]
#     customers: ["*"]
#     answer: review

# How often: a token bucket, empty it is put to you.
# rates:
#   - { operations: [smtp.send], limit: 20, per: 1h }

# Whom you vouch for. Where a mail from outside is in play, an effect that can't be taken
# back goes to these without asking you, if a grant of yours allows it at all.
# addressBook: [accountant@example.com, "@example.org"]

# What the policy puts to you waits for good, unless you say for how long, and what then:
# reject (it is not done), keep (it waits on), escalate (the same, with an alert).
# questions: { deadline: 3d, onExpiry: reject }

# Hosts that may be talked to. Left out, these are this machine, the server under smtp
# in holdfast.yaml, and the models in use.
# egress:
#   allow: [localhost, smtp.example.com, api.openai.com]

# What is looked at in whatever leaves. Secrets are denied and personal data is put to you,
# also without a word of it here; the limits are yours to set.
# guardrails:
#   personalData: { nationalIds: [sv-SE], allow: ["SE45 5000 0000 0583 9825 7466"] }
#   maxLength: 20000
#   maxRecipients: 5
#   attachments: { maxCount: 5, maxBytes: 10MB, types: [application/pdf, image/*] }
#   perCustomerPerDay: 3
#   timeZone: Europe/Stockholm
#   quietHours: { from: "21:00", to: "08:00", days: [sat, sun] }

# After so long without a sign of you, what leaves is put to you; reads go on.
# absence: { after: 3d }

# What models may cost. At a limit the work waits for your word; with atLimit: deny the
# rules decide in place of the model. Days are UTC; null means no limit.
budget:
  perDayUsd: 5
  perRunUsd: 0.5
  modelCallsPerDay: 1000
  atLimit: ask

# More of them: money, tokens, calls or minutes of your own time, reserved before and settled
# after. \`holdfast budgets\` shows what is left.
# budgets:
#   - { name: mails, operations: [smtp.send], each: customer, per: day, unit: calls, limit: 3 }
#   - { name: my-time, per: day, unit: minutes, limit: 45 }

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

# Backups are plain copies unless a time is said here: then each is sealed with a key of its
# own, which is destroyed when the time is over, or so long after somebody was erased whom
# the backup may hold. Keep the keys on another disk: without them a backup can't be read.
# backups:
#   keep: 90d
#   afterErasure: 30d
#   keys: /media/stick/holdfast-keys
`

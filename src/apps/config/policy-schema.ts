/** What `policy.yaml` may say, with what holds where it says nothing. */
import { z } from 'zod'
import { requestSchema } from '../../policy/request-line.ts'
import { absenceSchema, guardrailsSchema } from './guardrails-schema.ts'
import { lengthOf } from './lengths.ts'

const operation = z.string().regex(/^(\*|[a-z][a-z0-9-]*\.(\*|[^\s*]+))$/, {
  error: 'must be an operation such as smtp.send, all of a connector such as model.*, or *',
})
const operations = () => z.array(operation)

const host = z
  .string()
  .toLowerCase()
  .regex(/^([\p{L}\p{N}._-]+|[0-9a-f]*:[0-9a-f:.]*:[0-9a-f:.]*)$/u, {
    error: 'must be the name or address of a host, without scheme, port or path',
  })

const length = z.string().refine((text) => (lengthOf(text) ?? 0) > 0, {
  error: 'must be a length of time such as 1h',
})

const duration = z.string().refine((text) => text === 'never' || lengthOf(text) !== null, {
  error: 'must be a length of time such as 90d, or never',
})

const agents = () =>
  z.array(z.string().min(1)).min(1).default(['*']).describe('Names of workflows and agents; * for all.')

const access = z.strictObject({
  agents: agents(),
  operations: z.array(operation).min(1),
  customers: z
    .array(z.string().min(1))
    .min(1)
    .default(['*'])
    .describe('Ids of customers, segment:NAME, or * for all of them and for none.'),
  answer: z.enum(['allow', 'deny', 'review']),
})

const rate = z
  .strictObject({
    operations: z.array(operation).min(1),
    agents: agents(),
    each: z
      .enum(['all', 'operation', 'agent', 'customer'])
      .default('all')
      .describe('One bucket for all of them together, or one for each.'),
    limit: z.int().min(1).describe('Tokens that come back in each `per`; every effect takes one.'),
    per: length.describe('Such as 1h.'),
    burst: z.int().min(1).optional().describe('Tokens that the bucket holds at most. Default: the limit.'),
  })
  .transform(({ per, burst, ...rule }) => ({
    ...rule,
    perMs: lengthOf(per) ?? 0,
    burst: burst ?? rule.limit,
  }))

const address = z
  .string()
  .trim()
  .toLowerCase()
  .regex(/^[^\s<>,;]+$/, { error: 'must be one address, or @example.com for all of a domain' })

/** One of the operator's own cases: a request, and what the policy must say of it. */
export const caseSchema = z.strictObject({
  name: z.string().min(1),
  request: requestSchema,
  expect: z.enum(['allow', 'deny', 'review']),
  rule: z.string().min(1).optional().describe('The rule that must have said it, such as taint.argument.'),
})

const limit = (fallback: number) => z.number().min(0).nullable().default(fallback)

const RUN_ENDS = ['completed', 'failed', 'cancelled', 'continued'] as const
export const RUN_ENDS_ERASED = ['completed', 'cancelled', 'continued'] as const

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
    access: z
      .array(access)
      .default([])
      .describe('Which agent may use which operation on which customers, beside the lists above.'),
    rates: z.array(rate).default([]).describe('How often something may happen.'),
    egress: z
      .strictObject({
        allow: z
          .array(host)
          .optional()
          .describe('Hosts that may be talked to. Default: this machine, the SMTP server, the models.'),
      })
      .prefault({}),
    grants: z
      .strictObject({
        never: operations().default([]).describe('Never by a grant: these are put to you each time.'),
        maxAge: duration.default('never').describe('Longest time that a grant holds, such as 90d.'),
      })
      .prefault({}),
    questions: z
      .strictObject({
        deadline: length.describe('How long you have for what the policy puts to you, such as 3d.'),
        onExpiry: z
          .enum(['reject', 'keep', 'escalate'])
          .default('escalate')
          .describe('When nobody has answered: it is not done, goes on waiting, or waits with an alert.'),
      })
      .nullable()
      .default(null)
      .describe('For effects that the policy puts to you. null: they wait for good.'),
    addressBook: z
      .array(address)
      .default([])
      .describe('Whom you vouch for: addresses, or @example.com for all of a domain.'),
    guardrails: guardrailsSchema.prefault({}).describe('What is looked at in whatever leaves.'),
    absence: absenceSchema
      .nullable()
      .default(null)
      .describe('After so long without a sign of you, what leaves is put to you. Default: never.'),
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
    backups: z
      .strictObject({
        keep: length
          .optional()
          .describe(
            'Backups are sealed, and their keys destroyed so long after, such as 90d. Default: they are plain copies.',
          ),
        afterErasure: length
          .default('30d')
          .describe('How long sealed backups can be read after somebody was erased whom they may hold.'),
        keys: z
          .string()
          .min(1)
          .optional()
          .describe('Folder of the keys, best on another disk. Default: backup-keys in the workspace.'),
      })
      .prefault({}),
    cases: z
      .array(caseSchema)
      .default([])
      .describe('Your own tests of this policy, for `holdfast policy test`.'),
  })
  .meta({ title: 'policy.yaml', description: 'Policy of a Holdfast workspace.' })

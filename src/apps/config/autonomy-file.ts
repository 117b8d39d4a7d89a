/** `autonomy.yaml` in the workspace: how errors are counted, what is tolerated, and how high agents may rise. */
import { join } from 'node:path'
import { z } from 'zod'
import { AUTONOMY_DEFAULTS } from '../../autonomy/settings.ts'
import { durationMs } from '../../kernel/duration.ts'
import { MEASURES } from '../../ports/anomalies.ts'
import { LEVELS } from '../../ports/autonomy.ts'
import { type AutonomySettings, TIERS } from '../../ports/autonomy-settings.ts'
import { parseYamlFile } from '../../templates/yaml-file.ts'
import { readIfThere } from './file.ts'
import { AUTONOMY_FILE } from './file-names.ts'

const { tiers, tierOf, ceilings, audits } = AUTONOMY_DEFAULTS

const part = () =>
  z.number().refine((value) => value > 0 && value < 1, { error: 'must be above 0 and below 1' })
const audited = (fallback: number) =>
  z
    .number()
    .refine((value) => value > 0 && value <= 1, { error: 'must be above 0, and 1 at the most: all' })
    .default(fallback)
const share = z.number().min(0).max(1)
const level = z.enum(LEVELS)
const tier = z.enum(TIERS)

const tierSchema = (own: { tolerance: number; edit: number }) =>
  z
    .strictObject({
      tolerance: part()
        .default(own.tolerance)
        .describe('Rate of errors that is tolerated: 0.02 is 2 of 100.'),
      edit: share
        .default(own.edit)
        .describe('An edit that changes more than this part of a field counts as an error.'),
    })
    .prefault({})

const ofEffect = <Value extends z.ZodType>(value: Value, own: Readonly<Record<string, z.input<Value>>>) =>
  z
    .strictObject({
      read: value.prefault(own.read as never),
      reversible: value.prefault(own.reversible as never),
      external: value.prefault(own.external as never),
      irreversible: value.prefault(own.irreversible as never),
    })
    .prefault({} as never)

const pattern = z.string().min(1).default('*')

const { anomalies } = AUTONOMY_DEFAULTS
const HOUR_MS = 3_600_000
const WEEK_MS = 7 * 24 * HOUR_MS
const wholeHours = z.string().transform((text, context) => {
  try {
    const ms = durationMs(text)
    if (ms >= HOUR_MS && ms <= WEEK_MS && ms % HOUR_MS === 0) return ms
  } catch {}
  context.addIssue({ code: 'custom', message: 'must be whole hours from 1h to 7d, such as 1h, 6h or 1d' })
  return z.NEVER
})
const bound = z.number().min(1).max(1_000).nullable()

const anomaliesSchema = z
  .strictObject({
    window: wholeHours
      .prefault('1d')
      .describe('What is counted together: whole hours from 1h to 7d; days by UTC.'),
    history: z
      .number()
      .int()
      .min(5)
      .max(200)
      .default(anomalies.history)
      .describe('Windows with something in them that a baseline rests on at most.'),
    minimum: z
      .number()
      .int()
      .min(5)
      .max(200)
      .default(anomalies.minimum)
      .describe('With fewer, nothing is found.'),
    lower: bound
      .default(anomalies.lower)
      .describe('So far above normal, in robust standard deviations, levels go back to review; null: never.'),
    quarantine: bound
      .default(anomalies.quarantine)
      .describe('So far above normal, nothing leaves without you; null: never.'),
    exceptions: z
      .array(
        z.strictObject({
          agent: pattern.describe('Name of a workflow or an agent; * for all.'),
          measure: z
            .enum([...MEASURES, '*'])
            .default('*')
            .describe('What is looked at; * for all of it.'),
          lower: bound.optional().describe('Left out: as above.'),
          quarantine: bound.optional().describe('Left out: as above.'),
        }),
      )
      .default([])
      .describe('The first that fits decides.'),
  })
  .refine(({ history, minimum }) => history >= minimum, {
    error: 'must be at least `minimum`',
    path: ['history'],
  })
  .transform(({ window, exceptions, ...settings }) => ({
    windowMs: window,
    ...settings,
    exceptions: exceptions.map(({ lower = settings.lower, quarantine = settings.quarantine, ...one }) => ({
      ...one,
      lower,
      quarantine,
    })),
  }))
  .prefault({})

export const autonomySchema = z
  .strictObject({
    version: z.literal(1),
    level: level
      .default(AUTONOMY_DEFAULTS.level)
      .describe('Level of what was never set: off, shadow, review, sampled or auto.'),
    alpha: part()
      .default(AUTONOMY_DEFAULTS.alpha)
      .describe('Chance of an offer, per count, for an agent whose rate of errors is the tolerance or more.'),
    tiers: z
      .strictObject({
        low: tierSchema(tiers.low),
        medium: tierSchema(tiers.medium),
        high: tierSchema(tiers.high),
      })
      .prefault({}),
    tierOf: ofEffect(tier, tierOf).describe('The tier of an action, by what its operation does.'),
    ceilings: ofEffect(level, ceilings).describe('The highest level, by what the operation does.'),
    shadowTolerance: part()
      .default(AUTONOMY_DEFAULTS.shadowTolerance)
      .describe('Rate of errors that is tolerated for leaving the shadow.'),
    audits: z
      .strictObject({
        sampled: audited(audits.sampled),
        auto: audited(audits.auto),
      })
      .prefault({})
      .describe('The part that is put to you all the same, drawn by chance.'),
    falseAlarmEvery: z
      .number()
      .min(10)
      .max(1_000_000)
      .default(AUTONOMY_DEFAULTS.falseAlarmEvery)
      .describe('A false alarm of drift comes after so many audits on average at the soonest.'),
    vigilance: z
      .strictObject({
        rate: share
          .default(0)
          .describe('Part of the reviews after which a known-bad item is put among them; 0 for none.'),
      })
      .prefault({}),
    anomalies: anomaliesSchema.describe('What is far from an agent’s own past, and what then.'),
    segments: z
      .array(z.string().min(1))
      .default([])
      .describe(
        'Segments of flags.yaml with levels of their own; the first that a customer is in. So have those that a level was set for.',
      ),
    actions: z
      .array(
        z.strictObject({
          agent: pattern.describe('Name of a workflow, such as lead-qualification; * for all.'),
          action: pattern.describe('As reviews name it, such as send-reply; * for all.'),
          segment: pattern.describe('A segment of the customers; * for all.'),
          tier: tier.optional(),
          ceiling: level.optional(),
          confidence: share.optional().describe('What is less sure is put to you at every level.'),
        }),
      )
      .default([])
      .describe('Exceptions; the first that fits decides.'),
  })
  .meta({ title: 'autonomy.yaml', description: 'How control is handed over in a Holdfast workspace.' })

/**
 * The settings of a workspace; without the file, the defaults.
 * @throws CONFIG_INVALID with line, column and path. FILE_UNREADABLE when the file is there and can't be read.
 */
export async function loadAutonomy(dir: string): Promise<AutonomySettings> {
  const file = join(dir, AUTONOMY_FILE)
  const text = await readIfThere(file)
  return text === null ? parsed({ version: 1 }) : parseAutonomy(text, file)
}

/** As `loadAutonomy`, of the text of a file. @throws CONFIG_INVALID with line, column and path. */
function parseAutonomy(text: string, file: string): AutonomySettings {
  return settingsOf(parseYamlFile(text, autonomySchema, { file, code: 'CONFIG_INVALID' }))
}

function parsed(content: z.input<typeof autonomySchema>): AutonomySettings {
  return settingsOf(autonomySchema.parse(content))
}

function settingsOf({ version: _, ...settings }: z.output<typeof autonomySchema>): AutonomySettings {
  return settings as AutonomySettings
}

/** The `autonomy.yaml` that `init` writes; it says what the defaults say. */
export const DEFAULT_AUTONOMY_TEXT = `# How far agents may go without you. Levels are set with \`holdfast autonomy\`; this file says
# how they are earned and lost. At first everything is reviewed by you.

version: 1
level: review

# An offer of a higher level is wrong with at most this chance, however often one looks.
alpha: 0.05

# tolerance: rate of errors that is tolerated. edit: an edit that changes more than this part
# of a field counts as an error, as do a rejection and a wish for another draft.
tiers:
  low: { tolerance: 0.1, edit: 0.3 }
  medium: { tolerance: 0.05, edit: 0.2 }
  high: { tolerance: 0.02, edit: 0.1 }

# By what the operation does that follows: its tier, and the highest level it may have.
tierOf: { read: low, reversible: low, external: medium, irreversible: high }
ceilings: { read: auto, reversible: auto, external: auto, irreversible: review }

# For leaving the shadow, where you still review each proposal afterwards.
shadowTolerance: 0.25

# The part that is put to you all the same, drawn by chance.
audits: { sampled: 0.25, auto: 0.05 }

# A false alarm of drift comes after so many audits on average at the soonest.
falseAlarmEvery: 1000

# Part of the reviews after which an item that is known to be bad is put among them, to see
# whether it is noticed: 0.02 is 1 of 50. It does nothing, whatever you answer.
vigilance: { rate: 0 }

# What an agent does that is far from its own past is told, and stopped. Quiet until there are so many
# days (windows) with something in them. lower: its levels go back to review; quarantine: nothing that it
# does leaves without you; both in robust standard deviations above normal, null for never.
anomalies: { window: 1d, history: 30, minimum: 14, lower: 4, quarantine: 5 }

# Segments of flags.yaml with levels of their own; the first that a customer is in counts.
# segments: [regulars]

# Exceptions; the first that fits decides.
# actions:
#   - agent: lead-qualification
#     action: send-reply
#     tier: high
#     ceiling: sampled
#     confidence: 0.6
`

/** `flags.yaml` in the workspace: segments of the customers, and the flags that choose for them. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { type FlagFile, OPERATORS } from '../../flags/definitions.ts'
import type { FlagSource } from '../../flags/flag-book.ts'
import { timeOf } from '../../flags/segments.ts'
import { durationMs } from '../../kernel/duration.ts'
import { HoldfastError } from '../../kernel/errors.ts'
import { LEVELS } from '../../ports/autonomy.ts'
import { parseYamlFile } from '../../templates/yaml-file.ts'
import { readIfThere } from './file.ts'
import { FLAGS_FILE } from './file-names.ts'

export { FLAGS_FILE }

/** What is known of a customer, by the names that a condition uses. */
export const CUSTOMER_FIELDS = [
  'id',
  'kind',
  'name',
  'organisation',
  'role',
  'website',
  'language',
  'address',
  'domain',
  'country',
  'since',
  'messages',
] as const

const name = (what: string) =>
  z.string().regex(/^[a-zA-Z][\w.-]{0,99}$/, {
    error: `must be the name of a ${what}: letters, digits, ., _ and -`,
  })

const value = z.union([z.boolean(), z.number(), z.string()], {
  error: 'must be true, false, a number or a text',
})

const condition = z
  .strictObject({
    field: z
      .string()
      .refine(
        (field) => (CUSTOMER_FIELDS as readonly string[]).includes(field) || /^context\.[\w-]+$/.test(field),
        { error: `must be one of ${CUSTOMER_FIELDS.join(', ')}, or context.NAME` },
      )
      .describe('What is looked at; context.NAME is said by the program that asks.'),
    operator: z.enum(OPERATORS),
    value: z
      .union([value, z.array(value).min(1)], { error: 'must be a value, or a list of values' })
      .default(true)
      .describe(
        'A list for in and not-in; a date for before and after; a length of time such as 90d for ages.',
      ),
  })
  .superRefine(({ operator, value: given }, context) => {
    const problem = problemOf(operator, given)
    if (problem !== null) context.addIssue({ code: 'custom', path: ['value'], message: problem })
  })

function problemOf(operator: (typeof OPERATORS)[number], given: unknown): string | null {
  const isList = Array.isArray(given)
  if (operator === 'in' || operator === 'not-in') return isList ? null : `must be a list for ${operator}`
  if (isList) return `must be one value for ${operator}; a list goes with in and not-in`
  switch (operator) {
    case 'known':
      return typeof given === 'boolean' ? null : 'must be true or false for known'
    case 'at-least':
    case 'at-most':
      return typeof given === 'number' ? null : `must be a number for ${operator}`
    case 'before':
    case 'after':
      return typeof given === 'string' && !Number.isNaN(timeOf(given))
        ? null
        : `must be a date such as 2026-01-31 for ${operator}`
    case 'older-than':
    case 'newer-than':
      return isDuration(given) ? null : `must be a length of time such as 90d for ${operator}`
    case 'is':
    case 'is-not':
      return null
    default:
      return typeof given === 'string' && given !== '' ? null : `must be a text for ${operator}`
  }
}

function isDuration(given: unknown): boolean {
  try {
    return typeof given === 'string' && durationMs(given) > 0
  } catch {
    return false
  }
}

const segment = z.strictObject({
  description: z.string().default(''),
  match: z
    .enum(['all', 'any'])
    .default('all')
    .describe('Whether all conditions have to hold, or one of them.'),
  where: z.array(condition).min(1),
})

const rule = z
  .strictObject({
    segment: z.string().nullable().default(null).describe('Only for these customers; left out, for all.'),
    serve: z.string().nullable().default(null).describe('The variant that they all get.'),
    split: z
      .record(z.string(), z.number().min(0).max(100))
      .nullable()
      .default(null)
      .describe('Variant → percent. Who is beyond the last share goes on to the next rule.'),
  })
  .superRefine(({ segment, serve, split }, context) => {
    const issue = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message })
    if ((serve === null) === (split === null)) issue([], 'must have either serve or split')
    if (segment === null && serve !== null) {
      issue(['serve'], 'is for everybody, which is what `default` says: give a segment or a split')
    }
    const sum = Object.values(split ?? {}).reduce((total, percent) => total + percent, 0)
    if (sum > 100 + 1e-9) issue(['split'], `adds up to ${sum} percent, more than 100`)
  })

const SWITCH = { on: true, off: false }

const flag = z
  .strictObject({
    description: z.string().default(''),
    type: z.enum(['boolean', 'string', 'number']).default('boolean'),
    enabled: z
      .boolean()
      .default(true)
      .describe('false: everybody gets the variant `off`, whatever the rules say.'),
    variants: z
      .record(name('variant'), value)
      .default(SWITCH)
      .describe('Name → value, of the type. Default: on and off, true and false.'),
    default: z.string().default('off').describe('The variant where no rule answers.'),
    off: z
      .string()
      .optional()
      .describe('The variant while the flag is not enabled. Default: off, else that of `default`.'),
    rules: z.array(rule).default([]).describe('The first that fits answers.'),
  })
  .superRefine((given, context) => {
    const issue = (path: (string | number)[], message: string) =>
      context.addIssue({ code: 'custom', path, message })
    const known = Object.keys(given.variants)
    const check = (variant: string, ...path: (string | number)[]): void => {
      if (!Object.hasOwn(given.variants, variant)) {
        issue(path, `must be one of the variants ${known.join(', ')}, not ${JSON.stringify(variant)}`)
      }
    }
    for (const [variant, one] of Object.entries(given.variants)) {
      if (typeof one !== given.type) issue(['variants', variant], `must be a ${given.type}, as the type says`)
    }
    check(given.default, 'default')
    if (given.off !== undefined) check(given.off, 'off')
    for (const [index, { serve, split }] of given.rules.entries()) {
      if (serve !== null) check(serve, 'rules', index, 'serve')
      for (const variant of Object.keys(split ?? {})) check(variant, 'rules', index, 'split', variant)
    }
  })
  .transform((given) => ({
    ...given,
    off: given.off ?? (Object.hasOwn(given.variants, 'off') ? 'off' : given.default),
  }))

export const flagsSchema = z
  .strictObject({
    version: z.literal(1),
    segments: z.record(name('segment'), segment).default({}),
    flags: z.record(name('flag'), flag).default({}),
  })
  .superRefine(({ segments, flags }, context) => {
    for (const [flagName, { rules, variants }] of Object.entries(flags)) {
      for (const [variant, one] of flagName.startsWith('level.') ? Object.entries(variants) : []) {
        if (LEVELS.some((level) => level === one)) continue
        const path = ['flags', flagName, 'variants', variant]
        const message = `must be a level of autonomy, ${LEVELS.join(', ')}, for a flag of this name`
        context.addIssue({ code: 'custom', path, message })
      }
      for (const [index, { segment: wanted }] of rules.entries()) {
        if (wanted === null || Object.hasOwn(segments, wanted)) continue
        const known = Object.keys(segments).join(', ') || 'none'
        const path = ['flags', flagName, 'rules', index, 'segment']
        const message = `must be one of the segments (${known}), not ${JSON.stringify(wanted)}`
        context.addIssue({ code: 'custom', path, message })
      }
    }
  })
  .meta({ title: 'flags.yaml', description: 'Feature flags of a Holdfast workspace.' })

/** @throws FLAGS_INVALID with line, column and path. */
export function parseFlags(text: string, file: string = FLAGS_FILE): FlagFile {
  const { segments, flags } = parseYamlFile(text, flagsSchema, { file, code: 'FLAGS_INVALID' })
  return { segments, flags }
}

/** The file of a workspace as it is now; without it, there are none. @throws FLAGS_INVALID, FILE_UNREADABLE */
export async function loadFlags(dir: string): Promise<FlagFile> {
  const file = join(dir, FLAGS_FILE)
  return parseFlags((await readIfThere(file)) ?? 'version: 1', file)
}

/** What flags.yaml says, as a value. */
export type FlagDefinitions = z.input<typeof flagsSchema>

/** Where the flags of a workspace come from: the file as it is at each look, or what a program gives. */
export function flagSource(given: { readonly file: string } | FlagDefinitions): FlagSource {
  if (!('file' in given)) {
    const text = JSON.stringify(given)
    return { read: () => text, parse: (one) => parseFlags(one, 'The flags that the program gives') }
  }
  const { file } = given
  return { read: () => readNow(file), parse: (text) => parseFlags(text, file) }
}

/** @throws FILE_UNREADABLE when it is there and can't be read */
function readNow(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return null
    throw new HoldfastError('FILE_UNREADABLE', `${file} can't be read (${code})`, { details: { file } })
  }
}

/** The `flags.yaml` that `init` writes: nobody is in a segment, and nothing is switched. */
export const DEFAULT_FLAGS_TEXT = `# What is on for which customers. \`holdfast flags\` shows what each flag says how often,
# \`holdfast flag explain NAME --customer X\` which rule answers for one of them, and why.

version: 1

# A part of the customers, by what is known of them: kind, name, organisation, role, website,
# language, address, domain, country, since, messages.
segments: {}
#   nordic:
#     where:
#       - { field: country, operator: in, value: [SE, NO, DK, FI] }
#       - { field: since, operator: older-than, value: 30d }

# The first rule that fits answers. A split goes by a place of the customer from 0 to 100 that
# never changes: who was in at 20 percent is in at 50.
flags: {}
#   workflow.lead-qualification:      # off: mail of these customers starts no run
#     default: on
#     rules:
#       - { segment: nordic, serve: off }
#   lead-qualification.playbook:      # playbooks/lead-qualification.formal.yaml
#     type: string
#     variants: { standard: standard, formal: formal }
#     default: standard
#     rules:
#       - { segment: nordic, split: { formal: 20 } }
`

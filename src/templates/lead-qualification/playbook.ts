/**
 * The playbook: the operator's own file that says what a good lead is and how to answer. It is read
 * whole or not at all: every mistake in it is named with its line and column, and phrases, patterns and
 * templates come out of it ready to use. What each part means is written in `playbook.yaml` itself.
 */
import { hash } from 'node:crypto'
import { z } from 'zod'
import { parseYamlFile } from '../yaml-file.ts'
import { type TemplateData, templateSchema } from './liquid.ts'
import { patternSchema } from './pattern.ts'
import { languageSchema, phrasesSchema } from './phrases.ts'

export const QUALITIES = ['hot', 'warm', 'cold'] as const
export type LeadQuality = (typeof QUALITIES)[number]

/** What a good answer needs to know, and asks for when the mail does not say. */
export const TOPICS = ['budget', 'deadline', 'scope', 'contact'] as const
export type Topic = (typeof TOPICS)[number]

const EXAMPLE_BUSINESS = { name: 'Example Studio', owner: 'Alex Example' }
const EXAMPLE_PERSON = { name: 'Ada', fullName: 'Ada Lovelace', business: EXAMPLE_BUSINESS }
const EXAMPLE_MAIL: TemplateData = {
  ...EXAMPLE_PERSON,
  subject: 'New website',
  quality: 'warm',
  budget: '€4.000',
  deadline: 'by end of March',
  missing: ['scope'],
  questions: ['What should the website do for you?'],
}
const EXAMPLE_WISH: TemplateData = { ...EXAMPLE_MAIL, rest: 'on Tuesday' }

const line = z.string().trim().min(1).max(200)
const qualitySchema = z.enum(QUALITIES)
const topicSchema = z.enum(TOPICS)
const greeting = templateSchema(EXAMPLE_PERSON)
const mailText = templateSchema(EXAMPLE_MAIL)

const CONDITIONS = {
  phrases: phrasesSchema.optional(),
  pattern: patternSchema.optional(),
  money: z
    .strictObject({
      atLeast: z.number().min(0).optional(),
      atMost: z.number().min(0).optional(),
      currency: z
        .string()
        .regex(/^[A-Z]{3}$/, 'must be a currency code of three capital letters, such as EUR')
        .optional(),
    })
    .optional(),
  deadline: z.literal(true).optional(),
  attachment: z.literal(true).optional(),
  knownCustomer: z.literal(true).optional(),
  companyDomain: z.literal(true).optional(),
  length: z.strictObject({ atLeast: z.int().min(1).max(2000) }).optional(),
}

const conditionSchema = z.strictObject(CONDITIONS).superRefine(exactlyOneOf(Object.keys(CONDITIONS)))

const criterionSchema = z.strictObject({
  id: z.string().regex(/^[a-z][a-z0-9-]*$/, 'must be small letters, digits and hyphens, such as big-budget'),
  label: line,
  weight: z.number().min(-100).max(100),
  answers: topicSchema.optional(),
  any: z.array(conditionSchema).min(1),
})

const hintsSchema = z.strictObject({ sure: phrasesSchema.optional(), hints: phrasesSchema.optional() })

const senderSchema = z
  .string()
  .trim()
  .toLowerCase()
  .regex(/^[^@\s]*@[^@\s]+$/, 'must be an address such as news@example.com, or a domain such as @example.com')

/** Kinds of mail that are told by phrases; of two that fit equally well, the first wins. */
const hints = hintsSchema.optional()
const PHRASED = {
  bounce: hints,
  'auto-reply': hints,
  spam: hints,
  application: hints,
  pitch: hints,
  notice: hints,
  newsletter: hints,
  personal: hints,
}

const languageTextsSchema = z.strictObject({
  greeting,
  formalGreeting: greeting.optional(),
  closing: greeting,
  formalClosing: greeting.optional(),
  questions: z.strictObject({ budget: line, deadline: line, scope: line, contact: line }),
})

const replySchema = z.strictObject({
  name: line,
  when: z.strictObject({
    quality: z.union([qualitySchema.transform((quality) => [quality]), z.array(qualitySchema).min(1)]),
    language: languageSchema,
  }),
  subject: mailText,
  body: mailText,
})

const WISHES = {
  shorten: z.literal(true).optional(),
  formal: z.literal(true).optional(),
  ask: topicSchema.optional(),
  omit: topicSchema.optional(),
  add: z.record(languageSchema, templateSchema(EXAMPLE_WISH)).optional(),
}
const wishSchema = z
  .strictObject({ when: phrasesSchema, ...WISHES })
  .superRefine(exactlyOneOf(Object.keys(WISHES)))

const playbookSchema = z
  .strictObject({
    version: z.literal(1),
    business: z.strictObject({
      name: line,
      owner: line,
      language: languageSchema,
      signature: z.string().trim().max(2000),
    }),
    notLeads: z.strictObject({ senders: z.array(senderSchema).default([]), ...PHRASED }),
    criteria: z.array(criterionSchema).min(1),
    thresholds: z.strictObject({ hot: z.number(), warm: z.number() }),
    confidence: z.strictObject({ floor: z.number().min(0).max(1) }),
    languages: z.record(languageSchema, languageTextsSchema),
    replies: z.array(replySchema).min(1),
    followUp: z.strictObject({
      afterDays: z.int().min(1).max(90),
      texts: z.record(languageSchema, z.strictObject({ subject: mailText, body: mailText })),
    }),
    respond: z.array(wishSchema),
  })
  .superRefine((playbook, context) => {
    const report = (path: PropertyKey[], message: string) =>
      context.addIssue({ code: 'custom', path, message })
    const { language } = playbook.business
    if (playbook.thresholds.hot <= playbook.thresholds.warm) {
      report(['thresholds', 'hot'], 'must be greater than warm')
    }
    playbook.criteria.forEach(({ id }, i) => {
      const first = playbook.criteria.findIndex((criterion) => criterion.id === id)
      if (first < i) report(['criteria', i, 'id'], `"${id}" is the id of criteria[${first}] already`)
    })
    for (const [path, known] of [
      [['languages'], playbook.languages],
      [['followUp', 'texts'], playbook.followUp.texts],
    ] as const) {
      if (!Object.hasOwn(known, language)) {
        report([...path], `has nothing for the language of the business, ${language}`)
      }
    }
    for (const quality of QUALITIES) {
      const found = playbook.replies.some(
        ({ when }) => when.language === language && when.quality.includes(quality),
      )
      if (!found) report(['replies'], `has no ${quality} reply in the language of the business, ${language}`)
    }
    const needsTexts = (used: string, path: PropertyKey[]) => {
      if (!Object.hasOwn(playbook.languages, used)) report(path, `"${used}" is not among the languages`)
    }
    playbook.replies.forEach(({ when }, i) => {
      needsTexts(when.language, ['replies', i, 'when', 'language'])
    })
    for (const used of Object.keys(playbook.followUp.texts)) needsTexts(used, ['followUp', 'texts', used])
  })

export type Playbook = z.output<typeof playbookSchema>
export type NotLeads = Playbook['notLeads']
export type PhrasedKind = keyof typeof PHRASED
export const PHRASED_KINDS = Object.keys(PHRASED) as readonly PhrasedKind[]
export type Criterion = z.output<typeof criterionSchema>
export type Condition = z.output<typeof conditionSchema>
export type LanguageTexts = z.output<typeof languageTextsSchema>
export type Wish = z.output<typeof wishSchema>

/**
 * The playbook in this text.
 *
 * @param file the name of the file in messages.
 * @throws PLAYBOOK_INVALID naming every mistake with line, column and path; see `parseYamlFile`.
 */
export function loadPlaybook(text: string, file: string): Playbook {
  return parseYamlFile(text, playbookSchema, { file, code: 'PLAYBOOK_INVALID' })
}

/** Hex SHA-256 of the playbook's text, which tells by which version of it a decision was made. */
export function playbookHash(text: string): string {
  return hash('sha256', text, 'hex')
}

function exactlyOneOf(names: readonly string[]) {
  return (value: object, context: z.RefinementCtx) => {
    const given = Object.keys(value).filter((key) => names.includes(key))
    if (given.length === 1) return
    const message = `must have exactly one of ${names.join(', ')}; has ${given.join(' and ') || 'none'}`
    context.addIssue({ code: 'custom', message })
  }
}

/** What `policy.yaml` may say of guardrails and of absence, with what holds where it says nothing. */
import { z } from 'zod'
import { isKnownCountry } from '../../policy/guardrails/found-personal.ts'
import { isTimeZone } from '../../policy/guardrails/quiet-hours.ts'
import { GUARDRAILS } from '../../policy/guardrails/rules.ts'
import { lengthOf } from './lengths.ts'

const answer = z.enum(['deny', 'review', 'off'])
const limit = () => z.int().min(0).nullable().default(null)

const UNITS: Readonly<Record<string, number>> = { kb: 1e3, mb: 1e6, gb: 1e9 }
const SIZE = /^(\d+(?:\.\d+)?) *(kb|mb|gb)$/i

const size = z.union(
  [
    z.int().min(0),
    z
      .string()
      .regex(SIZE)
      .transform((text) => {
        const [, number, unit = ''] = SIZE.exec(text) ?? []
        return Math.floor(Number(number) * (UNITS[unit.toLowerCase()] ?? 1))
      }),
    z.null(),
  ],
  { error: 'must be a number of bytes, a size such as 10MB, or null' },
)

const CLOCK = /^([01]?\d|2[0-3]):([0-5]\d)$|^24:00$/

const clock = z
  .string()
  .regex(CLOCK, { error: 'must be a time of the day such as 21:30' })
  .transform((text) => {
    const [hours = '', minutes = ''] = text.split(':')
    return (Number(hours) * 60 + Number(minutes)) % 1_440
  })

const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const

const quietHours = z
  .strictObject({
    from: clock.optional(),
    to: clock.optional(),
    days: z.array(z.enum(DAYS)).default([]).describe('Quiet from midnight to midnight, such as sat, sun.'),
  })
  .refine(({ from, to }) => (from === undefined) === (to === undefined), 'must say both, from and to')
  .refine(({ from, to }) => from === undefined || from !== to, 'must end at another time than they begin')
  .refine(({ from, days }) => from !== undefined || days.length > 0, 'must say from and to, or days')
  .refine(({ days }) => new Set(days).size < DAYS.length, 'must leave a day on which something may leave')
  .transform(({ from = 0, to = 0, days }) => ({ from, to, days: days.map((day) => DAYS.indexOf(day)) }))

const personalData = z.strictObject({
  answer: answer.default(GUARDRAILS.personalData.answer),
  nationalIds: z
    .array(z.string().refine(isKnownCountry, { error: 'must be a country such as sv-SE, de-DE, PL or ES' }))
    .default([])
    .describe('Also numbers of persons and of taxes, by the rules of these: sv-SE, de-DE, PL …'),
  allow: z
    .array(z.string().min(1))
    .default([])
    .describe('Numbers and addresses that may stand in anything, such as the IBAN of your business.'),
})

const attachments = z.strictObject({
  maxCount: limit(),
  maxBytes: size.default(null).describe('Of all together: bytes, or such as 10MB.'),
  types: z
    .array(
      z
        .string()
        .toLowerCase()
        .regex(/^[\w.+-]+\/([\w.+-]+|\*)$/, {
          error: 'must be a media type such as application/pdf or image/*',
        }),
    )
    .nullable()
    .default(null)
    .describe('Only these, such as application/pdf or image/*; null for all.'),
})

export const guardrailsSchema = z.strictObject({
  secrets: answer
    .default(GUARDRAILS.secrets)
    .describe('Keys, tokens and passwords in what leaves. Your approval lifts no denial.'),
  personalData: personalData
    .prefault({})
    .describe('Card numbers, IBANs, and the addresses and phone numbers of other customers.'),
  overLimit: z.enum(['deny', 'review']).default('review').describe('What is over a limit below.'),
  maxLength: limit().describe('Characters; null for no limit, as below.'),
  maxRecipients: limit(),
  attachments: attachments.prefault({}),
  perCustomerPerDay: limit().describe('Effects that leave about one customer on one day.'),
  timeZone: z
    .string()
    .refine(isTimeZone, { error: 'must be a time zone such as Europe/Stockholm' })
    .default('UTC')
    .describe('Of the days and the quiet hours.'),
  quietHours: quietHours
    .nullable()
    .default(null)
    .describe('When nothing leaves by itself: it is held, and goes when they end.'),
})

export const absenceSchema = z
  .strictObject({
    after: z
      .string()
      .refine((text) => (lengthOf(text) ?? 0) > 0, { error: 'must be a length of time such as 3d' })
      .describe('Time without a sign of you, such as 3d.'),
  })
  .transform(({ after }) => ({ afterMs: lengthOf(after) ?? 0 }))

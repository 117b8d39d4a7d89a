/** What starts runs by itself in the simulation: schedules and triggers, with the workflows that they start. */
import type { Json } from '../src/kernel/json.ts'
import { type AnyWorkflow, defineWorkflow, type ReceivedEvent } from '../src/kernel/workflow.ts'
import { type AnySchedule, defineSchedule, type MissedPolicy } from '../src/runtime/schedules/schedule.ts'
import { type AnyTrigger, defineTrigger } from '../src/runtime/triggers/trigger.ts'
import { anything } from './connector.ts'

const HOUR = 3_600_000

export interface Rhythm {
  readonly missed: MissedPolicy
  readonly cron: string
  /** The same times, reckoned without cron: every so many milliseconds, from that offset on. */
  readonly everyMs: number
  readonly offsetMs: number
}

/** The schedules by name. */
export const RHYTHMS: Readonly<Record<string, Rhythm>> = {
  skip: { missed: 'skip', cron: '0 */6 * * *', everyMs: 6 * HOUR, offsetMs: 0 },
  once: { missed: 'once', cron: '30 */8 * * *', everyMs: 8 * HOUR, offsetMs: HOUR / 2 },
  all: { missed: 'all', cron: '15 9 */1 * *', everyMs: 24 * HOUR, offsetMs: 9.25 * HOUR },
}

/** What a parcel is like: one that the triggers pass over, or one that their code fails on until it is mended. */
export interface Parcel {
  readonly skipped: boolean
  readonly poison: boolean
}

export interface Manner {
  readonly max: number
  /** The end of a group by the times of its first and its last event. */
  readonly due: (first: number, last: number) => number
}

/** The triggers by name, as the invariants know them. */
export const MANNERS: Readonly<Record<string, Manner>> = {
  each: { max: 1, due: (first) => first },
  quiet: { max: 1_000, due: (first, last) => Math.min(last + 10_000, first + 60_000) },
  batch: { max: 3, due: (first) => first + HOUR },
}

export const PARCEL = 'parcel'

interface Delivery {
  readonly parcels: readonly string[]
}

const chore = defineWorkflow<Json, Json>({
  name: 'chore',
  version: 1,
  input: anything<Json>(),
  output: anything<Json>(),
  run: async (ctx, input) => await ctx.step('chore', () => input),
})

const delivery = defineWorkflow<Delivery, number>({
  name: 'delivery',
  version: 1,
  input: anything<Delivery>(),
  output: anything<number>(),
  concurrency: { limit: 1 },
  async run(ctx, { parcels }) {
    if (parcels.length > 1) await ctx.sleep(1_000)
    return await ctx.step('deliver', () => parcels.length)
  },
})

export const STARTED: readonly AnyWorkflow[] = [chore, delivery]

const SCHEDULES: readonly AnySchedule[] = Object.entries(RHYTHMS).map(([name, { cron, missed }]) =>
  defineSchedule({ name, cron, missed, workflow: chore, input: (at) => ({ at }) }),
)

export function schedulesOf(names: readonly string[]): AnySchedule[] {
  return SCHEDULES.filter(({ name }) => names.includes(name))
}

/** @param isMended whether the code of the triggers no longer fails on poison */
export function triggersOf(names: readonly string[], isMended: () => boolean): AnyTrigger[] {
  const common = {
    on: PARCEL,
    workflow: delivery,
    where: ({ data }: ReceivedEvent) => !(data as unknown as Parcel).skipped,
    input(events: readonly ReceivedEvent[]): Delivery {
      if (!isMended() && events.some(({ data }) => (data as unknown as Parcel).poison))
        throw Object.assign(new Error('poison'), { code: POISON })
      return { parcels: events.map(({ id }) => id) }
    },
  }
  const all = [
    defineTrigger<Delivery>({ ...common, name: 'each' }),
    defineTrigger<Delivery>({ ...common, name: 'quiet', debounce: { quiet: '10s', atMost: '1m' } }),
    defineTrigger<Delivery>({ ...common, name: 'batch', batch: { max: 3, within: '1h' } }),
  ]
  return all.filter(({ name }) => names.includes(name))
}

export const POISON = 'POISON'

/**
 * An agent that collects what it is told. Some events it folds, some it handles in a run with a step or a
 * sleep, some are poison: it fails on them, always.
 */
import { type Agent, defineAgent } from '../src/kernel/agent.ts'
import type { ReceivedEvent } from '../src/kernel/workflow.ts'
import { anything } from './connector.ts'
import { Violation } from './invariants/invariant.ts'
import type { SimProcess } from './process.ts'

export const HOW = ['fold', 'fold', 'fold', 'step', 'sleep', 'poison'] as const
export const KEYS = ['a', 'b', 'c'] as const

/** The body of an event that it is told of. */
export interface Tick {
  readonly id: string
  readonly key: string
  readonly data: { readonly how: (typeof HOW)[number] }
}

interface Collected {
  readonly ids: readonly string[]
}

function howOf({ data }: ReceivedEvent): (typeof HOW)[number] {
  return (data as { how: (typeof HOW)[number] }).how
}

export const collector: Agent<Collected> = defineAgent<Collected>({
  name: 'collector',
  version: 1,
  on: ['tick'],
  from: 'beginning',
  state: anything<Collected>(),
  initial: { ids: [] },
  snapshot: { everyEvents: 3 },
  async handle(ctx, event, { ids }) {
    const how = howOf(event)
    if (how === 'poison') throw Object.assign(new Error('poison'), { retryable: false })
    if (how === 'sleep') await ctx.sleep(1_000)
    const id = how === 'step' ? await ctx.step('note', () => event.id) : event.id
    return { ids: [...ids, id] }
  },
})

/** Each instance has handled each of its events once, in the order of the log. @throws Violation */
export async function checkCollector({ hf }: SimProcess, ticks: readonly Tick[]): Promise<void> {
  for (const key of KEYS) {
    const told = ticks.filter((one) => one.key === key && one.data.how !== 'poison')
    const expected = told.map(({ id }) => id).join(' ')
    const { ids } = (await hf.agent(collector, key).query()) as Collected
    if (ids.join(' ') !== expected)
      throw new Violation('agent-folds', `${key} has ${ids.join(' ')} instead of ${expected}`)
  }
  const poison = ticks.filter(({ data }) => data.how === 'poison').length
  const aside = hf.agent(collector).setAside().length
  if (aside !== poison) throw new Violation('agent-folds', `${aside} set aside of ${poison} that are poison`)
}

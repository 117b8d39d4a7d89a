/**
 * An agent that collects what it is told. Some events it folds, some it handles in a run with a step or a
 * sleep, some are poison: it fails on them, always.
 */
import { type Agent, defineAgent } from '../src/kernel/agent.ts'
import { ERASED_PREFIX } from '../src/kernel/erased.ts'
import type { ReceivedEvent } from '../src/kernel/workflow.ts'
import { anything } from './connector.ts'
import { Violation } from './invariants/invariant.ts'
import { PEOPLE } from './invariants/persons.ts'
import type { Simulation } from './simulation.ts'

export const HOW = ['fold', 'fold', 'fold', 'step', 'sleep', 'poison'] as const
export const KEYS = ['a', 'b', 'c'] as const

/** The body of an event that it is told of. */
export interface Tick {
  readonly position: number
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
export async function checkCollector({ process, watch, callers }: Simulation): Promise<void> {
  const { hf } = process
  const { erasures, persons } = watch
  const isCancelled = (position: number): boolean =>
    [...callers.cancelled].some((run) => run.split('#')[0]?.endsWith(`@${position}`))
  const unsure = new Set(watch.ticks.flatMap(({ id, position }) => (isCancelled(position) ? [id] : [])))
  const left = watch.ticks.filter(({ id, position }) => {
    const isErased = erasures.positions.has(position) && persons.isGone(id, position)
    return !isErased && !isCancelled(position)
  })
  for (const key of [...KEYS, ...PEOPLE.map(({ names }) => names[0])]) {
    const told = left.filter((one) => one.key === key && one.data.how !== 'poison')
    const expected = told.map(({ id }) => id).join(' ')
    const state = (await hf.agent(collector, key).query()) as Collected
    const ids = state.ids.filter((id) => !id.includes(ERASED_PREFIX) && !unsure.has(id))
    if (ids.join(' ') !== expected)
      throw new Violation('agent-folds', `${key} has ${ids.join(' ')} instead of ${expected}`)
  }
  const poison = left.filter(({ data }) => data.how === 'poison').map(({ position }) => position)
  const aside = hf
    .agent(collector)
    .setAside()
    .map(({ position }) => position)
  const isLeft = (position: number): boolean => left.some((one) => one.position === position)
  const expected = poison.join(' ')
  const found = aside
    .filter(isLeft)
    .sort((a, b) => a - b)
    .join(' ')
  if (found !== expected) throw new Violation('agent-folds', `${found} set aside, and ${expected} are poison`)
}

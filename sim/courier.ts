/** A pipeline that hands a tick over to the agent with its end, or fails and hands nothing over. */
import { definePipeline, type Pipeline } from '../src/kernel/pipeline.ts'
import { anything } from './connector.ts'
import { Violation } from './invariants/invariant.ts'
import type { SimProcess } from './process.ts'

export interface Errand {
  readonly n: number
  readonly key: string
  readonly fails: boolean
  readonly acts: boolean
}

export const courier: Pipeline<Errand, number> = definePipeline<Errand, number>({
  name: 'courier',
  version: 1,
  input: anything<Errand>(),
  output: anything<number>(),
  deadline: '1d',
  async run(ctx, { n, key, fails, acts }) {
    const one = await ctx.step('one', () => n)
    await ctx.emit({ kind: 'tick', key, id: tickId(n), data: { how: 'fold' } })
    if (acts) await ctx.act('act', 'world.keyed', { path: `errand-${n}` })
    const two = await ctx.step('two', () => one + 1)
    if (fails) throw Object.assign(new Error('lost the way'), { code: 'LOST' })
    return two
  },
})

function tickId(n: number): string {
  return `errand/${n}`
}

/** What a pipeline hands over is there with its success, and only with that. @throws Violation */
export function checkCourier({ log }: SimProcess): void {
  const runs = log.tables.all<{ id: string; status: string }>(
    "SELECT id, status FROM runs WHERE workflow = 'courier' ORDER BY position",
  )
  for (const { id, status } of runs) {
    const n = Number(id.slice('courier-'.length))
    const handedOver = log.versionOf(`event/${tickId(n)}`) > 0
    if (handedOver !== (status === 'completed'))
      throw new Violation(
        'pipeline-whole',
        `${id} is ${status}, and its event is ${handedOver ? '' : 'not '}there`,
      )
  }
}

/** What stands in the place of a part of autonomy where a bug is planted. */
import { ATTENTION_CHECK } from '../../src/kernel/attention.ts'
import type { NewEvent } from '../../src/kernel/event.ts'
import type { AnyWorkflow, Context } from '../../src/kernel/workflow.ts'
import type { EffectWatch } from '../../src/ports/anomalies.ts'
import type { EventLog } from '../../src/ports/event-log.ts'
import type { Wiring } from '../process.ts'
import { type Append, appending } from './kernel.ts'

/** Events that are said to be on record, and are not. */
export function withholding(isOne: (event: NewEvent) => boolean): Wiring {
  return {
    log: (log) =>
      appending(log, async (parts, ...rest) => {
        const left = parts.map((part) => ({ ...part, events: part.events.filter((one) => !isOne(one)) }))
        if (left.every(({ events }) => events.length === 0)) return []
        return await log.append(left, ...rest)
      }),
  }
}

/** Who is offered one level has got the highest. */
export function promotingFurther(log: EventLog): Append {
  const further = (event: NewEvent): NewEvent =>
    event.kind === 'autonomy.promoted' ? { ...event, body: { ...event.body, to: 'auto' } } : event
  return async (parts, ...rest) =>
    await log.append(
      parts.map((part) => ({ ...part, events: part.events.map(further) })),
      ...rest,
    )
}

/** Of the effects that are on their way, only the last is known. */
export function uncounted(watch: EffectWatch): EffectWatch['count'] {
  return (request, manifest) => watch.count({ ...request, run: 'any', name: 'any' }, manifest)
}

/** What an item proposes is done, whatever is said to it. */
export function doingItems(workflow: AnyWorkflow): AnyWorkflow {
  if (workflow.name !== ATTENTION_CHECK) return workflow
  const run = async (ctx: Context, input: unknown): Promise<unknown> => {
    const said = await workflow.run(ctx, input)
    await ctx.act('do', 'world.plain', { path: ctx.run.id })
    return said
  }
  return { ...workflow, run }
}

export function catchingAll(workflow: AnyWorkflow): AnyWorkflow {
  if (workflow.name !== ATTENTION_CHECK) return workflow
  const run = async (ctx: Context, input: unknown): Promise<unknown> => {
    await workflow.run(ctx, input)
    return { caught: true }
  }
  return { ...workflow, run }
}

/** A trigger whose runs say what was said. */

import { z } from 'zod'
import { defineWorkflow } from '../../../kernel/workflow.ts'
import type { Holdfast } from '../../holdfast.ts'
import { defineTrigger, type Trigger } from '../trigger.ts'

export interface Input {
  said: string[]
}

export const note = defineWorkflow({
  name: 'note',
  version: 1,
  input: z.object({ said: z.array(z.string()) }),
  output: z.string(),
  run: async (_, { said }) => said.join(' '),
})

export function onSaid(changes: Partial<Trigger<Input>> = {}): Trigger<Input> {
  return defineTrigger<Input>({
    name: 'saying',
    on: 'said',
    workflow: note,
    input: (events) => ({ said: events.map(({ data }) => String(data)) }),
    ...changes,
  })
}

/** For a place with that trigger. */
export function saying(changes: Partial<Trigger<Input>> = {}) {
  return { workflows: [note], triggers: [onSaid(changes)] }
}

export async function say({ hf }: { readonly hf: Holdfast }, data: string, key = ''): Promise<void> {
  await hf.emit({ kind: 'said', key, data })
}

/** What was handed to the runs, in the order of their start. */
export function told({ log }: Holdfast): string[] {
  return log.tables.all<{ id: string }>('SELECT id FROM runs ORDER BY position').map(({ id }) => {
    const { said } = (log.readStream(`run/${id}`)[0]?.body?.input ?? { said: [] }) as unknown as Input
    return said.join(' ')
  })
}

export function kinds({ log }: Holdfast): string[] {
  return log.readStream('trigger/saying').map(({ kind }) => kind.slice('trigger.'.length))
}

/**
 * One opening of a workspace in which a run ends the process: `node poison-process.ts DIR HOW`. HOW is where it
 * does: in a `step` or nowhere (`mended`). Prints how the runs stand when it is not ended.
 */
import { z } from 'zod'
import { type Context, defineWorkflow, openHoldfast } from '../../src/sdk.ts'

const [dir = '', how = 'step'] = process.argv.slice(2)

const poison = defineWorkflow({
  name: 'poison',
  version: 1,
  input: z.any(),
  output: z.any(),
  run: async (ctx: Context) => {
    await ctx.step('before', () => 'done')
    return await ctx.step('now', () => {
      if (how === 'step') process.kill(process.pid, 'SIGKILL')
      return 'done'
    })
  },
})

/** Under way in every opening, and slow. */
const patient = defineWorkflow({
  name: 'patient',
  version: 1,
  input: z.any(),
  output: z.any(),
  run: async (ctx: Context) =>
    await ctx.step('wait', () => new Promise((resolve) => setTimeout(resolve, 300))),
})

const hf = await openHoldfast({ dir, workflows: [poison, patient], cutOffs: 3 })
await Promise.all([hf.start(patient, null, { id: 'patient' }), hf.start(poison, null, { id: 'poison' })])
if (how === 'mended') {
  await hf.idle()
  if (hf.run('poison').status() === 'failed') {
    const [dead] = hf.deadLetters.list().runs
    console.log(`${dead?.run} ${dead?.error?.code}`)
    await hf.deadLetters.retry('poison')
  }
}
await hf.idle()
for (const { message } of hf.alerts()) console.log(message)
console.log(`poison ${hf.run('poison').status()}, patient ${hf.run('patient').status()}`)
await hf.close()

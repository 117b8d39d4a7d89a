/**
 * All crash states, with their numbers: `npm run crash-states -- [--seed N] [--every N] [--synchronous normal]`.
 * Ends with exit code 1 when a state fails. With `normal` states must fail: that is the negative control.
 */
import { parseArgs } from 'node:util'
import { enumerate } from './enumerate.ts'
import { record } from './recording.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    every: { type: 'string', default: '1' },
    synchronous: { type: 'string', default: 'full' },
  },
})
const synchronous = values.synchronous === 'normal' ? 'normal' : 'full'
const [seed, every] = [Number(values.seed), Number(values.every)]
const { failures, ...counts } = await enumerate(record(synchronous), {
  times: { kill: 1, torn: 2, power: 4 },
  every,
  seed,
})
for (const failure of failures.slice(0, 20)) console.log(JSON.stringify(failure))
console.log(JSON.stringify({ synchronous, seed, every, ...counts, failures: failures.length }))
process.exitCode = failures.length > 0 ? 1 : 0

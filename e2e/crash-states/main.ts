/**
 * All crash states, with their numbers: `npm run crash-states -- [--seed N] [--every N] [--synchronous normal]`.
 * Ends with exit code 1 when a state fails. With `normal` states must fail: that is the negative control.
 */
import { Command, Option } from 'commander'
import { wholeNumber } from '../../scripts/whole-number.ts'
import { enumerate } from './enumerate.ts'
import { record } from './recording.ts'

const { seed, every, synchronous } = new Command('npm run crash-states --')
  .option('--seed <seed>', 'what is torn and lost is drawn by it', wholeNumber, 1)
  .option('--every <count>', 'looks at one boundary of so many', wholeNumber, 1)
  .addOption(
    new Option('--synchronous <how>', 'as SQLite calls it').choices(['full', 'normal']).default('full'),
  )
  .parse()
  .opts<{ seed: number; every: number; synchronous: 'full' | 'normal' }>()
const { failures, ...counts } = await enumerate(record(synchronous), {
  times: { kill: 1, torn: 2, power: 4 },
  every,
  seed,
})
for (const failure of failures.slice(0, 20)) console.log(JSON.stringify(failure))
console.log(JSON.stringify({ synchronous, seed, every, ...counts, failures: failures.length }))
process.exitCode = failures.length > 0 ? 1 : 0

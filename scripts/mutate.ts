/**
 * `npm run mutate`: changes the kernel in one small way after the other and sees whether a test of the kernel
 * notices; below the score that `stryker.config.json` sets, it fails. `-- src/kernel/label.ts` takes one file.
 * The wording of messages is not mutated.
 */
import { run } from './command.ts'

const files = process.argv.slice(2)
process.exitCode = await run('stryker', ['run', ...(files.length > 0 ? ['--mutate', files.join(',')] : [])])

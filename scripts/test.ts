/**
 * Runs groups of tests, or the files that are named:
 *
 *     npm test                               unit and e2e
 *     npm test -- long examples              these groups
 *     npm test -- src/kernel/json.test.ts    this file
 *     npm test -- --test-name-pattern=chain  flags are handed on to node
 */
import { globSync } from 'node:fs'
import { ROOT, run } from './command.ts'

interface Group {
  readonly files: string
  readonly flags: readonly string[]
}

const ISOLATED = ['--test-concurrency=2', '--test-timeout=300000']
const PATIENT = ['--test-concurrency=2', '--test-timeout=1800000']

const GROUPS: Readonly<Record<string, Group>> = {
  /** Beside the code they test, all in one process: a thousand of them take about a second. */
  unit: { files: 'src/**/*.test.ts', flags: ['--test-isolation=none', '--test-timeout=300000'] },
  /** Whole processes, servers and signals; each file in a process of its own. */
  e2e: { files: '{e2e,sim}/*.test.ts', flags: ISOLATED },
  /** The same, but minutes long: part of `npm run verify` only. */
  long: { files: 'e2e/long/*.test.ts', flags: PATIENT },
  /** Every example is run; to pass is to end with exit code 0. */
  examples: { files: 'examples/**/*.ts', flags: ISOLATED },
}

const words = process.argv.slice(2)
const flags = words.filter((word) => word.startsWith('-'))
const files = words.filter((word) => !word.startsWith('-') && !Object.hasOwn(GROUPS, word))
const named = words.filter((word) => Object.hasOwn(GROUPS, word))
const groups = named.length > 0 ? named : files.length > 0 ? [] : ['unit', 'e2e']

if (files.length > 0) await test(files, files.some((file) => file.includes('e2e/long/')) ? PATIENT : ISOLATED)
for (const name of groups) {
  const { files: pattern, flags: own } = GROUPS[name] as Group
  const found = globSync(pattern, { cwd: ROOT }).sort()
  if (found.length > 0) await test(found, own)
  else console.error(`${name}: no file matches ${pattern}`)
}

/** Goes on after a failure, so that one run shows all of them. */
async function test(paths: readonly string[], own: readonly string[]): Promise<void> {
  const exit = await run(process.execPath, ['--test', ...own, ...flags, ...paths])
  process.exitCode = process.exitCode || exit
}

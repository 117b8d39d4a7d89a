/**
 * Everything a change must pass, quickest first; stops at the first that fails. With `--after-test` it
 * leaves out what `npm test` has run just before.
 */
import { styleText } from 'node:util'
import { run } from './command.ts'

interface Check {
  readonly title: string
  readonly command: readonly [string, ...string[]]
  readonly partOfTest?: true
}

const test = (...words: string[]) => [process.execPath, 'scripts/test.ts', ...words] as const

const CHECKS: readonly Check[] = [
  { title: 'format and lint', command: ['biome', 'check', '--error-on-warnings', '.'] },
  { title: 'lint with types', command: ['oxlint', '--type-aware', '--deny-warnings'] },
  { title: 'types', command: ['tsc', '-p', '.'] },
  { title: 'unused code and packages', command: ['knip'] },
  {
    title: 'architecture and documents',
    command: test('src/architecture.test.ts', 'src/docs.test.ts'),
    partOfTest: true,
  },
  { title: 'unit and contract tests', command: test('unit'), partOfTest: true },
  { title: 'end-to-end tests', command: test('e2e'), partOfTest: true },
  { title: 'simulation', command: [process.execPath, 'sim/main.ts', '--seeds', '1000'] },
  { title: 'long end-to-end tests', command: test('long') },
  { title: 'examples', command: test('examples') },
]

const afterTest = process.argv.includes('--after-test')
const checks = CHECKS.filter((check) => !(afterTest && check.partOfTest))

for (const [index, { title, command }] of checks.entries()) {
  heading(`${index + 1}/${checks.length} ${title}`)
  const begun = performance.now()
  const [name, ...args] = command
  const exit = await run(name, args)
  const seconds = ((performance.now() - begun) / 1000).toFixed(1)
  if (exit !== 0) {
    console.error(
      styleText(['bold', 'red'], `\nverify failed at "${title}" (exit code ${exit}, ${seconds} s)`),
    )
    process.exit(1)
  }
  console.log(`${title}: passed in ${seconds} s`)
}
heading(`verify passed: ${checks.length} checks`)

function heading(text: string): void {
  console.log(styleText('bold', `\n━━ ${text}`))
}

import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { test } from 'node:test'
import { ROOT } from '../scripts/command.ts'
import { ERRORS_PAGE, errorsDoc } from '../scripts/errors-doc.ts'
import { anchorsOf, linksOf, shellCommandsOf, snippetsOf } from '../scripts/markdown.ts'
import { ERRORS } from './kernel/error-table.ts'
import { RULES } from './policy/decide.ts'

const read = (path: string) => (existsSync(path) ? readFileSync(path, 'utf8') : '')

test('docs/errors.md is what the table of errors says', () => {
  assert.equal(read(ERRORS_PAGE), errorsDoc(), 'Run `node scripts/errors-doc.ts --write`')
})

test('the launcher, which can not read the table, says the same as it', () => {
  const { FAILURES } = createRequire(import.meta.url)('../bin/launch.cjs')
  for (const [code, { exit, fix }] of Object.entries(ERRORS)) {
    if (Object.hasOwn(FAILURES, code)) assert.deepEqual(FAILURES[code], { exit, fix }, code)
  }
  assert.deepEqual(
    Object.keys(FAILURES).filter((code) => !Object.hasOwn(ERRORS, code)),
    [],
  )
})

test('every link between documents leads somewhere', () => {
  const pages = globSync('**/*.md', { cwd: ROOT, exclude: ['**/node_modules', 'workspace'] })
  assert.ok(pages.length > 0)
  const broken = pages.flatMap((page) =>
    linksOf(read(join(ROOT, page)))
      .filter((link) => !/^[a-z]+:/.test(link) && !leadsSomewhere(join(ROOT, page), link))
      .map((link) => `${page}: ${link}`),
  )
  assert.deepEqual(broken, [])
})

function leadsSomewhere(page: string, link: string): boolean {
  const [path = '', anchor] = decodeURI(link).split('#')
  const target = path === '' ? page : resolve(dirname(page), path)
  if (!existsSync(target)) return false
  return anchor === undefined || !target.endsWith('.md') || anchorsOf(read(target)).includes(anchor)
}

test('the README names its commands in blocks fenced as sh', () => {
  const commands = shellCommandsOf(read(join(ROOT, 'README.md')))
  assert.ok(commands.includes('npm start'), `found ${JSON.stringify(commands)}`)
  assert.ok(commands.includes('npm test'), `found ${JSON.stringify(commands)}`)
})

test('the README quotes the table of other engines as it was last measured', () => {
  const [table = ''] = read(join(ROOT, 'bench/peers/results.md')).split('\n\n')
  assert.match(table, /^\| engine \|/)
  assert.ok(read(join(ROOT, 'README.md')).includes(`\n${table}\n`), 'copy it from bench/peers/results.md')
})

test('every piece of TypeScript in a document stands in the file that it names', () => {
  const pages = globSync('**/*.md', { cwd: ROOT, exclude: ['**/node_modules', 'workspace'] })
  const wrong = pages.flatMap((page) =>
    snippetsOf(read(join(ROOT, page))).flatMap(({ file, pieces }) => {
      const source = file === '' ? '' : read(join(ROOT, file))
      return pieces.filter((piece) => !source.includes(piece)).map((piece) => `${page}: ${file}: ${piece}`)
    }),
  )
  assert.deepEqual(wrong, [], 'copy it from a file that is run, and name that: ```ts examples/x.ts')
})

test('every test that the threat model names is there', () => {
  const rows = read(join(ROOT, 'docs/threat-model.md')).split('\n')
  const named = rows.filter((row) => row.startsWith('| ')).slice(1)
  assert.ok(named.length > 40)
  const wrong = named.flatMap((row) => {
    const tests = row.split(' | ').at(-1) ?? ''
    const files = [...tests.matchAll(/`([^`]+)`/g)].map(([, file = '']) => read(join(ROOT, file)))
    const names = [...tests.matchAll(/"([^"]+)"/g)].map(([, name = '']) => name)
    if (names.length + files.length === 0 || files.includes('')) return [row]
    return names.filter((name) => !isRule(name) && !files.some((text) => isIn(text, name)))
  })
  assert.deepEqual(wrong, [], 'name a file as it lies, with the words of one of its tests, or "without RULE"')

  /** Of those that `obedience.test.ts` takes out, each in a test called so. */
  function isRule(name: string): boolean {
    const rule = /^without (.*)$/.exec(name)?.[1]?.replace('*', '') ?? null
    return (
      rule !== null &&
      RULES.some((one) => (rule.endsWith('.') ? one.name.startsWith(rule) : one.name === rule))
    )
  }
  function isIn(text: string, name: string): boolean {
    return name.split('…').every((piece) => text.includes(piece.trim()))
  }
})

test('links, anchors and commands are read from Markdown', () => {
  const page = [
    '# Why, and *how*?',
    'See [a](docs/a.md#b "title"), ![i](<i.png>), `[no](no.md)` and [r].',
    '[r]: r.md',
    '```sh',
    '$ npm start   # opens the inbox',
    'holdfast ingest \\',
    '  mail.eml',
    '```',
    '```ts',
    'x[0](y)',
    '```',
    '```ts examples/x.ts',
    'one()',
    '…',
    '  two()',
    '```',
  ].join('\n')
  assert.deepEqual(linksOf(page), ['docs/a.md#b', 'i.png', 'r.md'])
  assert.deepEqual(anchorsOf(page), ['why-and-how'])
  assert.deepEqual(shellCommandsOf(page), ['npm start', 'holdfast ingest mail.eml'])
  assert.deepEqual(snippetsOf(page), [
    { file: '', pieces: ['x[0](y)'] },
    { file: 'examples/x.ts', pieces: ['one()', '  two()'] },
  ])
})

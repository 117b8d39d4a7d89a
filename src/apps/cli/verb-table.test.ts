import assert from 'node:assert/strict'
import { test } from 'node:test'
import { COMMANDS } from '../commands/catalogue.ts'
import { rootHelp } from './root-help.ts'
import { VERBS } from './verb-table.ts'

test('every verb has a summary, an example that begins with its words, and something that it does', async () => {
  for (const { words, summary, examples, load } of VERBS) {
    assert.ok(summary.length > 0 && summary.length < 70, words)
    assert.ok(examples.length > 0, `${words} has an example`)
    for (const [example] of examples) assert.ok(example.startsWith(words), `${example} shows ${words}`)
    assert.equal(typeof (await load()), 'function')
  }
})

test('every command of the catalogue carries its name and can be loaded', async () => {
  for (const [name, load] of Object.entries(COMMANDS)) assert.equal((await load()).name, name)
})

test('only what reads the log leaves mail and runs alone; the rest lets the work advance', async () => {
  const commands = await Promise.all(Object.values(COMMANDS).map((load) => load()))
  const still = commands.filter(({ advances }) => !advances).map(({ name }) => name)
  assert.deepEqual(still, [
    'review show',
    'reviews',
    'queue',
    'run replay',
    'why',
    'what-if',
    'preflight',
    'grants',
    'grant give',
    'grant revoke',
    'lineage',
    'policy test',
    'policy what-if',
    'flags',
    'flag show',
    'flag explain',
    'flag skipped',
    'backup',
    'stop',
    'backups',
    'backup destroy',
    'retain',
    'log checkpoint',
    'log verify',
    'log rebuild',
    'log export',
    'vault list',
    'vault set',
    'vault rotate',
    'vault remove',
    'vault export',
    'vault import',
    'vault rekey',
    'inspect',
  ])
})

test('the help of the whole fits a terminal of 100 columns and names every verb', () => {
  const help = rootHelp(VERBS, 'bin/holdfast')
  for (const line of help.split('\n')) assert.ok(line.length <= 100, line)
  for (const { words } of VERBS) assert.ok(help.includes(`  ${words}`), words)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createColors } from 'picocolors'
import { columns } from '../../../observe/plain-text.ts'
import { age, block, fit, moment, prose, table, type View, whatNext } from './view.ts'

const view: View = {
  colors: createColors(false),
  width: 60,
  now: Date.UTC(2026, 10, 23, 12),
  command: (words) => `hf ${words}`,
}
const HOUR_MS = 3_600_000

test('text is cut to columns, not to characters', () => {
  assert.equal(fit('kurz', 10), 'kurz')
  assert.equal(fit('a rather long subject', 10), 'a rather…')
  assert.equal(columns(fit('ウェブサイト制作のご相談', 10)), 9)
})

test('a block is wrapped, indented, and says when there is more', () => {
  const lines = block('one two three four five six seven eight nine ten eleven twelve', 4, 24, 2)
  assert.equal(lines.length, 2)
  assert.ok(lines.every((line) => line.startsWith('    ') && columns(line) <= 24))
  assert.ok(lines[1]?.endsWith('…'))
})

test('what came from outside can not move the cursor, colour the screen, or reorder text', () => {
  const evil = 'safe\u001b[31m red \u0007\u202egnirts\u2066'
  for (const line of [
    ...block(evil, 2, 60),
    ...prose(`a\n${evil}\r\nb`, 2, 60),
    ...table([{ title: 'T' }], [[evil]], view),
  ]) {
    assert.doesNotMatch(line, /[\p{Cc}\u202a-\u202e\u2066-\u2069]/u)
  }
})

test('a table fits the width: what may give way does, the rest stays', () => {
  const lines = table(
    [
      { title: 'ID' },
      { title: 'NAME', gives: 1 },
      { title: 'SUBJECT', gives: 2, least: 10 },
      { title: 'N', right: true },
    ],
    [
      ['r-12345678', 'Ada', 'A subject that is much too long to be shown in a line of this width', '7'],
      ['r-2', 'Katrin Weißmüller', 'ご相談', '12'],
    ],
    view,
  )
  assert.equal(lines.length, 3)
  for (const line of lines) assert.ok(columns(line) <= 60, line)
  assert.match(lines[1] ?? '', /^r-12345678 {2}Ada .*… +7$/)
  const ends = lines.map((line) => columns(line))
  assert.equal(ends[1], ends[2], 'numbers are aligned at the right')
})

test('an age is short, and a date where an age says nothing', () => {
  const { now } = view
  const spoken = [0, 0.5, 1, 47, 48, 24 * 30].map((hours) => age(now - hours * HOUR_MS, now))
  assert.deepEqual(spoken, ['just now', '30 min', '1 h', '47 h', '2 d', '30 d'])
  assert.match(age(now + 48 * HOUR_MS, now), /25 Nov 2026/, 'mail may come from the future')
  assert.match(age(now - 24 * 400 * HOUR_MS, now), /2025/)
  assert.match(moment(now), /^Mon 23 Nov 2026, \d\d:\d\d$/)
})

test('commands to type are never cut; what they do goes below where there is no room', () => {
  const long = `review ${'x'.repeat(50)}`
  assert.deepEqual(whatNext([[long, 'reads it']], view), ['What next', `  ${long}`, '      reads it'])
})

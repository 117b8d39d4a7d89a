import assert from 'node:assert/strict'
import { test } from 'node:test'
import { countUnspaced, isUnspaced } from './unspaced.ts'

test('letters of scripts that part no words', () => {
  for (const text of ['小野寺千晶', '小野寺 智', 'スミス', '김민수']) assert.ok(isUnspaced(text), text)
  for (const text of ['', ' ', 'Ann', '小野寺 Ann', '12', 'Иван']) assert.ok(!isUnspaced(text), text)
  assert.equal(countUnspaced('緑雲園の Ann と千晶'), 7)
})

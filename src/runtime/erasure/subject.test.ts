import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { holding, sightOf } from './subject.ts'

const NAME = 'Zoë van Öberg'
const sight = sightOf({
  customer: null,
  names: [NAME, 'zoe@nord.example'],
  ids: [],
  streams: [],
  pieces: [],
  token: 'x',
})

const WAYS: Readonly<Record<string, string>> = {
  'as it is': 'I know Zoë van Öberg.',
  'in capital letters': 'I know ZOË VAN ÖBERG.',
  'with marks behind letters': `I know ${NAME}.`.normalize('NFD'),
  'at the beginning of a line': 'ask\nZoë van Öberg\r\nabout it',
  'over two lines': 'ask Zoë\n van  Öberg about it',
  'behind a tab': 'ask:\tzoe@nord.example',
  'in a link': 'mailto:?to=zoe%40nord.example&x=1',
  'a name in a link': `https://x.example/${encodeURIComponent(NAME)}`,
}

describe('somebody is known and replaced', () => {
  for (const [how, text] of Object.entries(WAYS)) {
    test(how, () => {
      assert.ok(sight.isAbout(JSON.stringify({ text })))
      assert.match(sight.replace(text), /erased-x/)
      assert.ok(!sight.isAbout(JSON.stringify(sight.replace(text))))
    })
  }
})

test('what only holds the letters is no name of theirs', () => {
  for (const text of ['Zoë van Öbergs', 'nzoe@nord.example', 'C:\\nzoe@nord.example', 'Zoë Öberg'])
    assert.ok(!sight.isAbout(JSON.stringify({ text })), text)
})

test('somebody else whose name holds theirs is left alone', () => {
  const names = ['smith@firm.example', 'Ann Lee']
  const known = ['john.smith@firm.example', 'smith@firm.example.uk', 'Mary-Ann Lee', 'Bo Ek', 'ANN LEE']
  const others = holding(names, known)
  assert.deepEqual(others, known.slice(0, 3))
  const { isAbout, replace } = sightOf({
    customer: null,
    names,
    others,
    ids: [],
    streams: [],
    pieces: [],
    token: 'x',
  })
  const text = 'JOHN.Smith@firm.example, smith@firm.example.uk; Mary-Ann\n Lee, john.smith%40firm.example'
  assert.ok(!isAbout(JSON.stringify(text)))
  assert.equal(replace(text), text)
  const both = `${text}; order-smith@firm.example of Ann Lee`
  assert.ok(isAbout(JSON.stringify(both)))
  assert.equal(replace(both), `${text}; order-erased-x@erased.invalid of erased-x-1`)
})

test('what they wrote, and ids of what is theirs, tell that a text is about them; names alone are replaced', () => {
  const wrote = sightOf({
    customer: null,
    names: ['山田太郎'],
    ids: ['m-77'],
    streams: [],
    pieces: ['the "old" piano is out of tune'],
    token: 'x',
  })
  for (const text of ['> the "old" piano is out of tune, again', 'see m-77', '山田太郎様のご紹介'])
    assert.ok(wrote.isAbout(JSON.stringify({ text })), text)
  assert.ok(!wrote.isAbout(JSON.stringify({ text: 'see m-771, and the old piano' })))
  assert.equal(wrote.replace('m-77 of 山田太郎様'), 'm-77 of erased-x様')
})

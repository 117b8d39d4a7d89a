import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compilePhrases, phrasesSchema } from './phrases.ts'

function found(phrase: string, text: string): string | undefined {
  return text.match(compilePhrases([phrase]))?.[0]
}

test('a phrase is found whatever its case, as whole words, over line breaks', () => {
  assert.equal(found('new website', 'We need a New\n  Website.'), 'New\n  Website')
  assert.equal(found('offer', 'we offered'), undefined)
  assert.equal(found('web', 'Spiderweb'), undefined)
  assert.equal(found('été', 'cet ÉTÉ !'), 'ÉTÉ')
  assert.equal(found('Über uns', 'Seite „über uns“'), 'über uns')
})

test('letters with marks are found in both Unicode forms', () => {
  assert.equal(found('für', 'für'), 'für')
  assert.equal(found('für', 'für'), 'für')
})

test('a star stands for the rest of a word', () => {
  assert.equal(found('website*', 'unser Website-Plan'), 'Website')
  assert.equal(found('website*', 'der Relaunch der Websites'), 'Websites')
  assert.equal(found('*relaunch', 'ein Websiterelaunch!'), 'Websiterelaunch')
})

test('typographic apostrophes and hyphens count as plain ones', () => {
  assert.equal(found("d'ici", 'd’ici mars'), 'd’ici')
  assert.equal(found('e-commerce', 'E‑Commerce'), 'E‑Commerce')
})

test('scripts without spaces are searched without word borders', () => {
  assert.equal(found('見積', 'お見積りをお願いします'), '見積')
})

test('the longer of two phrases is quoted', () => {
  assert.equal('a web shop'.match(compilePhrases(['web', 'web shop']))?.[0], 'web shop')
})

test('lists by language keep their language', () => {
  assert.deepEqual(
    phrasesSchema.parse({ de: ['Angebot'], en: ['offer'] }).map(({ language }) => language),
    ['de', 'en'],
  )
  assert.equal(phrasesSchema.parse(['offer'])[0]?.language, null)
})

test('what could not be meant as a phrase is refused', () => {
  for (const list of [[''], ['*'], ['...'], [], { german: ['x'] }, ['a*b*c*d'], [7]]) {
    assert.ok(!phrasesSchema.safeParse(list).success, JSON.stringify(list))
  }
})

test('any accepted phrase finds itself in a sentence', () => {
  const phrase = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 })
  fc.assert(
    fc.property(phrase, (text) => {
      if (text.includes('*') || !phrasesSchema.safeParse([text]).success) return
      const sentence = `( ${text.trim().normalize('NFC')} )`
      assert.ok(found(text, sentence), JSON.stringify(text))
    }),
  )
})

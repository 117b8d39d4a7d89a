import assert from 'node:assert/strict'
import { test } from 'node:test'
import { languageOf } from './language.ts'

for (const [language, text] of [
  ['eng', 'how much for website 5 pages? pls send price list'],
  ['eng', 'Thanks, that works for me.'],
  ['deu', 'Danke, das passt mir gut.'],
  ['swe', 'Tack, det låter bra.'],
  ['fra', 'Merci pour votre réponse.'],
  ['spa', 'Gracias por su respuesta.'],
  [
    'deu',
    'Wir suchen für unsere Bibliothek eine vollständige Prüfung der Barrierefreiheit von Website und Katalog ' +
      'mit einem Bericht, aus dem unser Dienstleister direkt arbeiten kann, und einem Nachtest im Februar.',
  ],
  ['jpn', '予算は百五十万円前後を考えております。'],
  ['und', 'OK'],
  ['und', ''],
  ['und', 'https://example.com/a/long/path/that/has/words/in/it anna.berg@company.example'],
] as const) {
  test(`${language}: ${text.slice(0, 40)}`, () => assert.equal(languageOf(text), language))
}

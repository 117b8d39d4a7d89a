import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findDeadline } from './deadline.ts'

test('finds deadlines in many languages', () => {
  for (const [text, words] of [
    ['It must be live by end of March, please.', 'by end of March'],
    ['by the end of the year', 'by the end of the year'],
    ['before Christmas if possible', 'before Christmas'],
    ['Please answer by 15 May 2026.', 'by 15 May 2026'],
    ['no later than March 3rd', 'no later than March 3rd'],
    ['by Q2 2026', 'by Q2 2026'],
    ['before 2026-03-01', 'before 2026-03-01'],
    ['by next Friday at noon', 'by next Friday'],
    ['We need it within six weeks.', 'within six weeks'],
    ['in 2-3 months', 'in 2-3 months'],
    ['We are launching our new shop in September', 'launching our new shop in September'],
    ['free between 30 November and 16 December?', 'between 30 November and 16 December'],
    ['open for sign-up on Monday 1 February', 'open for sign-up on Monday 1 February'],
    ['When should it be ready? May 2027', 'May 2027'],
    ['bis Ende Januar fertig', 'bis Ende Januar'],
    ['bis zum 1. März 2026', 'bis zum 1. März 2026'],
    ['spätestens am 15.3. live', 'spätestens am 15.3.'],
    ['vor den Sommerferien', 'vor den Sommerferien'],
    ['bis 28.06.2025 umgesetzt', 'bis 28.06.2025'],
    ['innerhalb von 4 Wochen', 'innerhalb von 4 Wochen'],
    ['soll im Mai online gehen', 'im Mai online'],
    ["d'ici fin mars", "d'ici fin mars"],
    ['avant le 15 septembre', 'avant le 15 septembre'],
    ['pour la rentrée', 'pour la rentrée'],
    ['sous 3 semaines', 'sous 3 semaines'],
    ['bis Mittwoch', 'bis Mittwoch'],
    ['antes del verano', 'antes del verano'],
    ['antes de finales de marzo', 'antes de finales de marzo'],
    ['para el 15 de mayo', 'para el 15 de mayo'],
    ['senast den 1 maj', 'senast den 1 maj'],
    ['före slutet av februari', 'före slutet av februari'],
    ['inom två veckor', 'inom två veckor'],
    ['öppnar i juni', 'öppnar i juni'],
    ['3月末までに公開したい', '3月末までに'],
    ['年内に対応', '年内に'],
    ['公開は2027年3月末を希望しております', '2027年3月末を希望'],
    ['2週間以内', '2週間以内'],
  ] as const) {
    assert.equal(findDeadline(text), words, text)
  }
})

test('a date, a past or a habit is no deadline', () => {
  for (const text of [
    'We met in March.',
    'On 15 May 2024 we opened our shop',
    'vor zwei Wochen haben wir telefoniert',
    'Best regards, April',
    'we may go by bus',
    'Q3 was good, thanks for Monday',
    'il y a trois semaines',
  ]) {
    assert.equal(findDeadline(text), null, text)
  }
})

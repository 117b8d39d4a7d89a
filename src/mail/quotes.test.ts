import assert from 'node:assert/strict'
import { test } from 'node:test'
import { splitMail } from './quotes.ts'

const FRESH = 'Yes, Thursday suits me.\n\nAnna'

const TOP_POSTED: Record<string, string> = {
  'Gmail en': 'On Mon, Oct 5, 2026 at 10:12 AM Bo Ek <bo@ek.example> wrote:\n\n> Hi',
  'Gmail en, wrapped':
    'On Mon, Oct 5, 2026 at 10:12 AM Bo Ek, the one in Malmö <\nbo@ek.example> wrote:\n\n> Hi',
  'Gmail en, not marked by >': 'On Mon, Oct 5, 2026 at 10:12 AM Bo Ek <bo@ek.example> wrote:\n\nHi\n\nBo',
  'Gmail de': 'Am Mo., 5. Okt. 2026 um 10:12 Uhr schrieb Bo Ek <bo@ek.example>:\n\n> Hi',
  'Thunderbird de': 'Am 05.10.26 um 10:12 schrieb Bo Ek:\n> Hi',
  'Gmail fr': 'Le lun. 5 oct. 2026 à 10:12, Bo Ek <bo@ek.example> a écrit :\n\n> Hi',
  'Gmail es': 'El lun, 5 oct 2026 a las 10:12, Bo Ek (<bo@ek.example>) escribió:\n\n> Hi',
  'Gmail it': 'Il giorno lun 5 ott 2026 alle ore 10:12 Bo Ek <bo@ek.example> ha scritto:\n\n> Hi',
  'Gmail pt': 'Em seg., 5 de out. de 2026 às 10:12, Bo Ek <bo@ek.example> escreveu:\n\n> Hi',
  'Gmail nl': 'Op ma 5 okt 2026 om 10:12 schreef Bo Ek <bo@ek.example>:\n\n> Hi',
  'Gmail sv': 'Den mån 5 okt. 2026 kl 10:12 skrev Bo Ek <bo@ek.example>:\n\n> Hi',
  'Apple sv': '5 okt. 2026 kl. 10:12 skrev Bo Ek <bo@ek.example>:\n\n> Hi',
  'Gmail da': 'Den man. 5. okt. 2026 kl. 10.12 skrev Bo Ek <bo@ek.example>:\n\n> Hi',
  'Gmail fi': 'ma 5. lokak. 2026 klo 10.12 Bo Ek (bo@ek.example) kirjoitti:\n\n> Hi',
  'Gmail pl': 'pon., 5 paź 2026 o 10:12 Bo Ek <bo@ek.example> napisał(a):\n\n> Hi',
  'Gmail cs': 'po 5. 10. 2026 v 10:12 odesílatel Bo Ek <bo@ek.example> napsal:\n\n> Hi',
  'Gmail ru': 'пн, 5 окт. 2026 г. в 10:12, Bo Ek <bo@ek.example>:\n\n> Hi',
  'Gmail ja': '2026年10月5日(月) 10:12 Bo Ek <bo@ek.example>:\n\n> Hi',
  'Gmail zh': 'Bo Ek <bo@ek.example> 于2026年10月5日周一 10:12写道：\n\n> Hi',
  'Outlook en': '-----Original Message-----\nFrom: Bo Ek\nSent: Monday\n\nHi',
  'Outlook de': '-----Ursprüngliche Nachricht-----\nVon: Bo Ek\n\nHi',
  'header block en':
    'From: Bo Ek <bo@ek.example>\nSent: Monday, October 5, 2026 10:12\nTo: Anna\nSubject: Meeting\n\nHi',
  'header block with a rule':
    '________________________________\nFrom: Bo Ek <bo@ek.example>\nSent: Monday\nTo: Anna\nSubject: Meeting\n\nHi',
  'header block de': 'Von: Bo Ek\nGesendet: Montag, 5. Oktober 2026 10:12\nAn: Anna\nBetreff: Termin\n\nHi',
  'header block fr': 'De : Bo Ek\nEnvoyé : lundi 5 octobre 2026 10:12\nÀ : Anna\nObjet : Réunion\n\nHi',
  'header block es':
    'De: Bo Ek\nEnviado el: lunes, 5 de octubre de 2026 10:12\nPara: Anna\nAsunto: Reunión\n\nHi',
  'header block sv': 'Från: Bo Ek\nSkickat: den 5 oktober 2026 10:12\nTill: Anna\nÄmne: Möte\n\nHi',
  'header block in bold': '*From:* Bo Ek\n*Sent:* Monday\n*To:* Anna\n*Subject:* Meeting\n\nHi',
  'Gmail forward': '---------- Forwarded message ---------\nFrom: Bo Ek\nDate: Mon\n\nHi',
  'Apple forward': 'Begin forwarded message:\n\nFrom: Bo Ek\n\nHi',
}

for (const [program, quoted] of Object.entries(TOP_POSTED)) {
  test(`top-posted, ${program}`, () => {
    const parts = splitMail(`${FRESH}\n\n${quoted}`)
    assert.deepEqual(parts, { fresh: FRESH, quoted: quoted.replace('\n\n>', '\n>'), signature: '' })
  })
}

test('bottom-posted', () => {
  const text =
    'On 5 Oct 2026, at 10:12, Bo Ek <bo@ek.example> wrote:\n\n> Thursday?\n>\n> Bo\n\nYes.\n\n-- \nAnna\nEk AB'
  assert.deepEqual(splitMail(text.replace('-- ', '--')), {
    fresh: 'Yes.',
    quoted: 'On 5 Oct 2026, at 10:12, Bo Ek <bo@ek.example> wrote:\n> Thursday?\n>\n> Bo',
    signature: 'Anna\nEk AB',
  })
})

test('answers between the quoted lines', () => {
  const parts = splitMail('Hello,\n\n> First?\n\nYes.\n\n> Second?\n> Really?\n\nNo.')
  assert.equal(parts.fresh, 'Hello,\n\nYes.\n\nNo.')
  assert.equal(parts.quoted, '> First?\n> Second?\n> Really?')
})

test('signature above the quote', () => {
  const parts = splitMail(
    'Fine.\n\n--\nAnna\n+46 70\n\nOn Mon, Oct 5, 2026 at 10:12 AM Bo <bo@ek.example> wrote:\n> Hi',
  )
  assert.deepEqual([parts.fresh, parts.signature], ['Fine.', 'Anna\n+46 70'])
})

for (const footer of [
  'Sent from my iPhone',
  'Von meinem iPhone gesendet',
  'Envoyé de mon iPhone',
  'Enviado desde mi iPhone',
  'Skickat från min iPhone',
  'Get Outlook for iOS',
  'Gesendet mit der GMX Mail App',
]) {
  test(`mobile footer: ${footer}`, () => {
    assert.deepEqual(splitMail(`Yes.\n\n${footer}`), { fresh: 'Yes.', quoted: '', signature: footer })
  })
}

for (const text of [
  'On 5 May you wrote:\nI can do it for 300.\n\nIs that still so?',
  'Last week I wrote:\nplease call me.',
  'From: Anna\nBudget: 3 000\nMessage: please call',
  'We need these things:\n- a site\n- a shop',
  'On our call at 10:30 we agreed this:\n- a site',
  'Gesendet mit DHL am Montag.\n\na\n\nb\n\nc\n\nd',
  `--\n${'writing\n'.repeat(30)}end`,
]) {
  test(`all fresh: ${JSON.stringify(text.slice(0, 30))}`, () => {
    assert.equal(splitMail(text).quoted, '')
    assert.equal(splitMail(text).signature, '')
  })
}

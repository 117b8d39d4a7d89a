import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { MailMessage } from '../../mail/message.ts'
import { loadPlaybook } from './playbook.ts'
import { confidenceOf, qualify } from './score.ts'
import { mailWith, NO_FACTS, PLAYBOOK, PLAYBOOK_TEXT } from './testing/mail.ts'

const CLEAR = mailWith({
  subject: 'New website for a joinery',
  text: 'Hello Mara,\nwe need a new website by end of March. Our budget is €8,000.\nJonas Weber',
  language: 'eng',
})

function scoreOf(parts: Partial<MailMessage>) {
  return qualify(mailWith(parts), PLAYBOOK, NO_FACTS)
}

test('a clear lead is told with its reasons, each with the words it rests on', () => {
  const { isLead, kind, quality, score, missing, language, reasons } = qualify(CLEAR, PLAYBOOK, NO_FACTS)
  assert.deepEqual(
    { isLead, kind, quality, score, missing, language },
    {
      isLead: true,
      kind: 'lead-candidate',
      quality: 'hot',
      score: 90,
      missing: [],
      language: 'en',
    },
  )
  assert.deepEqual(
    reasons.map(({ criterion, words, weight, where }) => [criterion, words, weight, where]),
    [
      ['wants-our-work', 'website', 25, 'subject'],
      ['budget-that-works', '€8,000', 25, 'body'],
      ['deadline', 'by end of March', 20, 'body'],
      ['has-a-need', 'we need', 10, 'body'],
      ['budget-named', '€8,000', 5, 'body'],
      ['company', 'weber-holzbau.example', 5, 'header'],
    ],
  )
  assert.equal(
    score,
    reasons.reduce((sum, { weight }) => sum + weight, 0),
  )
})

test('what is no lead has no score, and says what it is', () => {
  const { isLead, kind, quality, score, missing, reasons } = scoreOf({
    ...CLEAR,
    headers: { 'list-id': '<x.example>' },
  })
  assert.deepEqual(
    { isLead, kind, quality, score, missing },
    { isLead: false, kind: 'newsletter', quality: 'none', score: 0, missing: [] },
  )
  assert.equal(reasons[0]?.words, '<x.example>')
})

test('what is missing is what no criterion answered', () => {
  const nobody = { name: '', address: 'x123@gmail.com' }
  assert.deepEqual(scoreOf({ from: nobody, text: 'How much?' }).missing, [
    'budget',
    'deadline',
    'scope',
    'contact',
  ])
  assert.deepEqual(
    scoreOf({ from: nobody, text: 'A website before Easter for €400? Call 0160 1234567.' }).missing,
    [],
  )
})

test('quoted earlier messages do not count, forwarded ones do', () => {
  const quoted = '> Our budget is €8,000.'
  const parts = { fresh: 'What do you think of it?', quoted, text: `What do you think of it?\n${quoted}` }
  assert.equal(scoreOf({ ...parts, subject: 'Website' }).quality, 'cold')
  assert.ok(scoreOf({ ...parts, subject: 'Fwd: Website' }).reasons.some(({ words }) => words === '€8,000'))
})

test('facts count: a company address, a customer, a document', () => {
  const text = 'Could you have a look at our website?'
  const free = scoreOf({ text, from: { name: 'Jo', address: 'jo@gmail.com' } }).score
  assert.equal(scoreOf({ text }).score, free + 5)
  const facts = { ...NO_FACTS, knownCustomer: true }
  assert.equal(qualify(mailWith({ text }), PLAYBOOK, facts).score, free + 15)
  const file = { filename: 'Brief.pdf', contentType: 'application/pdf', size: 9000, sha256: '' }
  assert.ok(scoreOf({ text, attachments: [file] }).reasons.some(({ where }) => where === 'attachment'))
  const logo = { filename: 'image001.png', contentType: 'image/png', size: 9000, sha256: '' }
  assert.equal(scoreOf({ text, attachments: [logo] }).score, free + 5)
})

test('the largest amount decides, in its own currency', () => {
  const ids = (text: string) => scoreOf({ text }).reasons.map(({ criterion }) => criterion)
  assert.ok(ids('We have €5,000; the logo cost €50.').includes('budget-that-works'))
  assert.ok(!ids('We have €5,000; the logo cost €50.').includes('too-small'))
  assert.ok(!ids('We have 4 000 kr.').includes('budget-that-works'), 'kronor are not euros')
  assert.ok(ids('We have €300 for a website.').includes('too-small'))
})

test('the language of the answer is one the playbook has', () => {
  const language = (parts: Partial<MailMessage>) => scoreOf(parts).language
  assert.equal(language({ text: 'x', language: 'deu' }), 'de')
  assert.equal(language({ text: 'Vorrei un sito', language: 'ita' }), 'en')
  assert.equal(language({ text: 'Vad kostar en hemsida?', language: 'und' }), 'sv')
  assert.equal(language({ text: 'Devis site', language: 'und' }), 'fr')
  assert.equal(language({ text: '?', language: 'und' }), 'en')
})

test('a strong lead is not lost over a phrase, and the phrase is told', () => {
  const strong = CLEAR.text
  const unsubscribe = scoreOf({ text: `${strong}\nPeople should be able to unsubscribe.` })
  assert.equal(unsubscribe.kind, 'lead-candidate')
  assert.ok(unsubscribe.reasons.some(({ criterion }) => criterion === 'kind.newsletter'))
  const warm = scoreOf({
    text: 'Could you rebuild our website by May? People should be able to unsubscribe.',
  })
  assert.deepEqual([warm.kind, warm.quality], ['lead-candidate', 'warm'])
  assert.equal(scoreOf({ text: 'To unsubscribe, write to us.' }).kind, 'newsletter')
  assert.equal(
    scoreOf({ text: `${strong}\nIt should show guest posts, one guest post a week.` }).isLead,
    true,
  )
  assert.equal(scoreOf({ text: 'We need a website. One guest post a week.' }).kind, 'pitch')
  assert.equal(scoreOf({ text: `${strong}\nBuy bitcoin in our casino!` }).kind, 'spam')
})

test('editing the playbook changes the decision', () => {
  const dearer = loadPlaybook(
    PLAYBOOK_TEXT.replace('atLeast: 3000, currency: EUR', 'atLeast: 9000, currency: EUR'),
    'p',
  )
  assert.equal(qualify(CLEAR, dearer, NO_FACTS).quality, 'warm')
})

test('confidence grows with the distance from the thresholds and with the evidence', () => {
  const thresholds = { hot: 90, warm: 45 }
  const points = fc.integer({ min: -200, max: 300 })
  fc.assert(
    fc.property(points, fc.nat(8), (score, reasons) => {
      const confidence = confidenceOf(score, thresholds, reasons)
      assert.ok(confidence >= 0.27 && confidence <= 0.95)
      assert.ok(confidenceOf(score, thresholds, reasons + 1) >= confidence)
      if (score > 90) assert.ok(confidenceOf(score + 5, thresholds, reasons) >= confidence)
      if (score < 45) assert.ok(confidenceOf(score - 5, thresholds, reasons) >= confidence)
    }),
  )
  assert.equal(confidenceOf(90, thresholds, 5), 0.5)
})

test('short mails of all kinds, in many languages', () => {
  for (const [kind, text] of [
    [
      'lead-candidate',
      'Hello, my sister and I run a small bakery in Leeds and our website is ten years old. We want customers to order cakes online. Can you tell me roughly what that costs?',
    ],
    [
      'lead-candidate',
      'Guten Tag, wir sind eine Zahnarztpraxis in Kassel und suchen jemanden, der unsere Homepage neu macht. Sie sollte bis Ende April online sein. Budget etwa 8.000 Euro.',
    ],
    [
      'lead-candidate',
      'Bonjour, notre association souhaite refaire son site avant la rentrée. Pouvez-vous nous envoyer un devis ?',
    ],
    [
      'lead-candidate',
      'Hola, tengo una tienda de cerámica y me gustaría vender por internet. ¿Cuánto costaría una tienda online sencilla?',
    ],
    [
      'lead-candidate',
      'Hej, vi är en liten förskola och behöver en ny webbplats till hösten. Vad skulle det kosta?',
    ],
    [
      'lead-candidate',
      'はじめまして。小さな旅館を営んでおります。ホームページのリニューアルを検討しており、費用を教えていただけますか。',
    ],
    [
      'lead-candidate',
      'Buongiorno, avremmo bisogno di un nuovo sito web per il nostro agriturismo. Quanto costerebbe?',
    ],
    [
      'lead-candidate',
      'Hi Mara, would you run a half-day training on accessible forms for our twelve developers?',
    ],
    [
      'pitch',
      'Hi Mara, I noticed your site could be getting a lot more traffic. We help companies like yours get on top of search. Do you have 15 minutes this week for a quick demo?',
    ],
    [
      'pitch',
      'Guten Tag, wir unterstützen Unternehmen wie Ihres bei der Neukundengewinnung. Haben Sie 15 Minuten?',
    ],
    [
      'pitch',
      'Bonjour, notre plateforme met à votre disposition des développeurs. Démonstration gratuite de 15 minutes ?',
    ],
    ['pitch', 'Hej! Vår plattform hjälper byråer. Kan vi boka en kostnadsfri demo på 15 minuter?'],
    ['spam', 'Dear friend, you have won the international lottery. Send your bank details.'],
    ['spam', 'Your mailbox is full. Click here to verify your account within 24 hours.'],
    [
      'application',
      'Sehr geehrte Frau Lindqvist, anbei finden Sie meinen Lebenslauf. Ich suche ein Praktikum ab März.',
    ],
    ['application', 'Buenos días, adjunto mi currículum. Me gustaría hacer prácticas en su estudio.'],
    ['personal', 'Hej Mara, ska vi ses på middag på lördag? Mamma och pappa kommer också. Puss, Lisa'],
    ['personal', 'Hallo, für meine Bachelorarbeit suche ich Interviewpartner. Hätten Sie 20 Minuten?'],
  ] as const) {
    assert.equal(scoreOf({ text }).kind, kind, text)
  }
})

test('whatever the mail, each reason quotes words that stand in it', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      'We need a new website',
      'unsubscribe',
      'guest post',
      'bis Ende Januar',
      '€4.000',
      '4 000 kr',
      '\n\n',
      ' ',
      'Angebot',
      'wcag',
      '見積',
      '50万円',
      '3月末まで',
      'my CV',
      'mamma',
      'helgen',
      'asap',
      '{{ 7 | times: 7 }}',
      'für',
      'für',
      'd’ici fin mars',
      '12 pages',
      'free trial',
      'our platform',
      'İ',
      'ſ',
      'K',
    ),
    fc.string({ maxLength: 10 }),
  )
  const text = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(' '))
  const header = fc.constantFrom('list-id', 'auto-submitted', 'precedence', 'x-spam-flag', 'content-type')
  const value = fc.constantFrom(
    '<x>',
    'auto-replied',
    'auto-generated',
    'bulk',
    'YES',
    'multipart/report; x=delivery-status',
  )
  fc.assert(
    fc.property(
      fc.record({
        subject: text,
        text,
        quoted: text,
        headers: fc.oneof(
          { weight: 3, arbitrary: fc.constant({}) },
          fc.dictionary(header, value, { maxKeys: 1 }),
        ),
        inReplyTo: fc.option(fc.constant('a@b.example')),
        attachments: fc.array(
          fc.record({
            filename: text,
            contentType: fc.constantFrom('application/pdf', 'image/png'),
            size: fc.nat(100_000),
            sha256: fc.constant(''),
          }),
          { maxLength: 2 },
        ),
        language: fc.constantFrom('eng', 'deu', 'jpn', 'und', 'nob'),
      }),
      (parts) => {
        const message = mailWith(parts)
        const { reasons, confidence } = qualify(message, PLAYBOOK, { ...NO_FACTS, knownCustomer: true })
        assert.ok(confidence >= 0 && confidence <= 1)
        const places = {
          subject: [message.subject],
          body: [message.text],
          attachment: message.attachments.map(({ filename }) => filename),
          header: [...Object.values(message.headers), message.from.address, message.inReplyTo ?? ''],
        }
        for (const { words, where, criterion } of reasons) {
          assert.ok(
            places[where].some((place) => place.includes(words)),
            `${criterion}: ${words}`,
          )
        }
      },
    ),
    { numRuns: 500 },
  )
})

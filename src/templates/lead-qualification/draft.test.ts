import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { MailMessage } from '../../mail/message.ts'
import { type DraftOptions, draftFollowUp, draftReply, replySubject } from './draft.ts'
import { loadPlaybook } from './playbook.ts'
import { type Qualification, qualify } from './score.ts'
import { mailWith, NO_FACTS, PLAYBOOK, PLAYBOOK_TEXT } from './testing/mail.ts'

const QUALIFIED: Qualification = {
  isLead: true,
  kind: 'lead-candidate',
  score: 60,
  quality: 'warm',
  confidence: 0.7,
  reasons: [],
  missing: ['budget', 'deadline'],
  language: 'en',
}
const OPTIONS: DraftOptions = { customerName: 'Jonas Weber' }
const MAIL = { subject: 'New website', text: 'We need a new website.' }

function draft(
  parts: Partial<MailMessage> = {},
  qualified: Partial<Qualification> = {},
  options: Partial<DraftOptions> = {},
) {
  const qualification = { ...QUALIFIED, ...qualified }
  return draftReply(mailWith({ ...MAIL, ...parts }), qualification, PLAYBOOK, { ...OPTIONS, ...options })
}

test('a reply is greeting, text with the missing questions, closing and signature', () => {
  assert.deepEqual(draft(), {
    subject: 'Re: New website',
    body: `Hi Jonas,

Thank you for getting in touch, this sounds like work I like to do.

To tell you honestly what it takes and what it costs, I need to know a little more:

- What budget have you set aside, roughly? A range is fine.
- Is there a date by which it should be live?

A few lines are enough. I will then come back to you with a rough price, or suggest a short call if that is easier.

Best wishes,
Mara Lindqvist
Lindqvist Studio · web design and accessibility audits`,
    changes: [],
  })
})

test('nothing is asked when nothing is missing, and the date is quoted', () => {
  const { body } = draft({ text: 'A website by end of March.' }, { quality: 'hot', missing: [] })
  assert.doesNotMatch(body, /- /)
  assert.match(body, /You wrote "by end of March": I will check my calendar/)
})

test('it is written in the language of the mail, or else of the business', () => {
  const greetings = ['en', 'de', 'fr', 'es', 'sv', 'ja', 'it', 'constructor'].map(
    (language) => draft({}, { language }).body.split('\n')[0],
  )
  assert.deepEqual(greetings, [
    'Hi Jonas,',
    'Guten Tag Jonas Weber,',
    'Bonjour Jonas,',
    'Hola Jonas:',
    'Hej Jonas,',
    'Jonas Weber 様',
    'Hi Jonas,',
    'Hi Jonas,',
  ])
})

test('whom it does not know by name it greets without one', () => {
  const nobody = { name: '', address: 'x@y.example' }
  assert.match(draft({ from: nobody }, {}, { customerName: '' }).body, /^Hello,\n/)
  assert.match(draft({ from: nobody }, {}, { customerName: 'Weber GmbH' }).body, /^Hello,\n/)
  assert.match(draft({}, {}, { customerName: 'Weber GmbH' }).body, /^Hi Jonas,\n/, 'the name in the mail')
})

test('a lead that a model found without a quality is answered as a cold one', () => {
  assert.match(draft({}, { quality: 'none' }).body, /most projects start at/)
})

test('the subject has exactly one Re:, whatever it came with', () => {
  for (const subject of [
    'New website',
    'Re: New website',
    'RE: AW: New website',
    'SV: Re: New website',
    'Antw.: New website'.replace('.', ''),
    'Re[2]: New website',
    'RE : New website',
    'Odp: New website',
    '回复：New website',
    '  re:re: New\r\n website',
  ]) {
    assert.equal(replySubject(subject), 'Re: New website', subject)
    assert.equal(draft({ subject }).subject, 'Re: New website', subject)
  }
  assert.equal(replySubject('Fwd: New website'), 'Re: Fwd: New website')
  assert.equal(replySubject('Reservation: table'), 'Re: Reservation: table')
  assert.equal(draft({ subject: '' }).subject, 'Re: Lindqvist Studio')
  assert.ok(replySubject('x'.repeat(999)).length <= 204)
  assert.equal(replySubject('a\nBcc: b@c.example'), 'Re: a Bcc: b@c.example')
})

test('a text that names the subject gets it bare and on one line', () => {
  const text = PLAYBOOK_TEXT.replace('Thank you for getting in touch,', 'About "{{ subject }}",')
  const message = mailWith({ ...MAIL, subject: 'AW: New\r\nwebsite' })
  const { body } = draftReply(message, QUALIFIED, loadPlaybook(text, 'playbook.yaml'), OPTIONS)
  assert.match(body, /^Hi Jonas,\n\nAbout "New website", this/)
})

test('a follow-up keeps the subject and the language', () => {
  const qualification = { ...QUALIFIED, language: 'de' }
  const { subject, body } = draftFollowUp(mailWith(MAIL), qualification, PLAYBOOK, OPTIONS)
  assert.equal(subject, 'Re: New website')
  assert.match(body, /^Guten Tag Jonas Weber,\n\nich wollte kurz nachfragen/)
  assert.match(body, /Mara Lindqvist\nLindqvist Studio/)
  const italian = draftFollowUp(mailWith(MAIL), { ...QUALIFIED, language: 'it' }, PLAYBOOK, OPTIONS)
  assert.match(italian.body, /^Hi Jonas,/)
})

test('an instruction changes the last draft, as the operator may have edited it', () => {
  const previous = {
    subject: 'Re: Your pots',
    body: 'Hi Jo,\n\nI love pots.\n\nBest wishes,\nMara Lindqvist',
  }
  const { subject, body, changes } = draft({}, {}, { previous, instruction: 'We are closed in July.' })
  assert.equal(subject, 'Re: Your pots')
  assert.equal(body, 'Hi Jo,\n\nI love pots.\n\nWe are closed in July.\n\nBest wishes,\nMara Lindqvist')
  assert.deepEqual(changes, ['put in, word for word: "We are closed in July."'])
})

test('the same is drafted from the same, and a previous draft without an instruction stays', () => {
  assert.deepEqual(draft(), draft())
  const { subject, body } = draft()
  assert.deepEqual(draft({}, {}, { previous: { subject, body } }), { subject, body, changes: [] })
})

test('what a mail says is data: templates and markers in it are never carried out', () => {
  const playbook = loadPlaybook(
    PLAYBOOK_TEXT.replace(
      'Thank you for getting in touch,',
      '[{{ subject }}|{{ name }}|{{ budget }}|{{ deadline }}] Thank you,',
    ),
    'playbook.yaml',
  )
  const evil = '{{ 7 | times: 7 }} {% for i in (1..9) %}x{% endfor %} {{ business.owner }}'
  const message = mailWith({
    subject: evil,
    text: `${evil} by ${evil} €4.000 ${evil}`,
    from: { name: evil, address: 'x@y.example' },
  })
  const drafted = draftReply(message, QUALIFIED, playbook, {
    customerName: evil,
    instruction: `${evil}\npropose a call ${evil}`,
  })
  assert.equal(drafted.subject, `Re: ${evil}`)
  assert.ok(drafted.body.includes(`[${evil}||€4.000|] Thank you`))
  assert.ok(drafted.body.includes(`\n\n${evil}\n\n`), 'free text')
  assert.ok(drafted.body.includes(`Shall we have a short call ${evil}?`), 'the rest of a wish')
  assert.doesNotMatch(drafted.body, /49|xxx/)
})

test('whatever a mail holds, the draft is one clean subject line and a signed body', () => {
  const piece = fc.constantFrom(
    '{{',
    '}}',
    '{%',
    '%}',
    ' 7 | times: 7 ',
    '49x',
    'raw',
    'endraw',
    'Re: ',
    '\r\n',
    '\0',
    'by May',
  )
  const text = fc
    .array(fc.oneof(piece, fc.string({ maxLength: 8 })), { maxLength: 12 })
    .map((all) => all.join(''))
  fc.assert(
    fc.property(
      text,
      text,
      text,
      fc.constantFrom('en', 'ja', 'de', 'xx'),
      (subject, body, name, language) => {
        const message = mailWith({
          subject,
          text: body,
          from: { name, address: 'x@y.example' },
          language: 'eng',
        })
        const qualification = { ...qualify(message, PLAYBOOK, NO_FACTS), language, quality: 'hot' as const }
        const drafted = draftReply(message, qualification, PLAYBOOK, { customerName: name })
        assert.match(drafted.subject, /^Re: [^\r\n\0]+$/)
        assert.ok(!/^Re: Re:/i.test(drafted.subject))
        assert.ok(drafted.body.endsWith(PLAYBOOK.business.signature))
      },
    ),
    { numRuns: 300 },
  )
})

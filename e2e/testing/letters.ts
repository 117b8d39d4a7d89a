/** What people and machines write to a small studio, put together from parts by chance. */
import type { Chance } from './chance.ts'

export interface Letter {
  readonly from: { readonly name: string; readonly address: string }
  readonly subject: string
  readonly messageId: string
  /** Message-ID of what it answers; '' for none. */
  readonly answers: string
  readonly headers: readonly string[]
  readonly text: string
  /** Size of the file that comes with it; 0 for none. */
  readonly attachment: number
}

interface Person {
  readonly name: string
  readonly address: string
  readonly company: string
  readonly phone: string
}

const FIRST =
  'Ada Björn Chiara Dmitri Elif Farid Greta Hiro Ines Jonas Katya Lars Maja Nils Olga Pia Søren'.split(' ')
const LAST =
  'Ahlgren Bianchi Castro Dubois Ekström Fischer Garcia Hansen Ito Jansen Keller Larsen Moreau'.split(' ')
const TRADE =
  'bakery bookshop brewery cinema clinic farm gallery guesthouse hotel joinery museum theatre'.split(' ')
const PLACE = 'Harbour Linden Meadow Mill North Orchard Quarry River Stone Summit Valley Willow'.split(' ')
const JOB = ['a new website', 'an accessibility audit', 'a redesign of our web shop', 'a booking page']
const MONEY = ['£4,000', 'EUR 8.500', '12 000 kr', '$6,500', '€3,000 to €5,000']
const WHEN = ['by the end of March', 'before 1 June 2026', 'in six weeks', 'by mid May', 'before the summer']
const WHY = [
  'Our present site was made in 2014 and does not work on phones.',
  'Guests keep telling us that they can not find the opening hours.',
  'The council wants us to meet WCAG 2.2 AA this year.',
  'We open a second house and want to begin afresh.',
  'A screen reader user wrote to us that the checkout can not be used at all.',
]
const ASIDE = [
  'I found you through the page you made for our neighbours.',
  'The texts are written, the photographs are done in a week.',
  'I decide this together with my sister, who keeps the books.',
  'A call on Tuesday or Thursday afternoon would suit us.',
]

type Kind = (chance: Chance, people: Person[], recent: Letter[]) => Letter

/** Kinds by how often they come. */
const MIXTURE: readonly [Kind, number][] = [
  [lead, 36],
  [vagueLead, 8],
  [answer, 16],
  [newsletter, 18],
  [notice, 8],
  [autoReply, 5],
  [bounce, 3],
  [pitch, 4],
  [spam, 2],
]
const KINDS = MIXTURE.flatMap(([kind, weight]) => Array<Kind>(weight).fill(kind))

export function* lettersOf(chance: Chance): Generator<Letter, never> {
  const people: Person[] = []
  const recent: Letter[] = []
  for (;;) {
    const letter = chance.pick(KINDS)(chance, people, recent)
    recent.push(letter)
    if (recent.length > 200) recent.shift()
    yield letter
  }
}

function person(chance: Chance, people: Person[]): Person {
  if (people.length > 0 && chance.oneIn(3)) return chance.pick(people)
  const [first, last] = [chance.pick(FIRST), chance.pick(LAST)]
  const company = `${chance.pick(PLACE)} ${chance.pick(TRADE)}`
  const domain = `${company.toLowerCase().replace(' ', '-')}-${chance.between(1, 9_999)}.example`
  const name = `${first} ${last}`
  const address = `${plain(first)}.${plain(last)}@${domain}`
  const phone = `+4631${chance.between(1_000_000, 9_999_999)}`
  const made = { name, address, company, phone }
  people.push(made)
  if (people.length > 2_000) people.shift()
  return made
}

function plain(word: string): string {
  return word
    .toLowerCase()
    .normalize('NFKD')
    .replace('ø', 'o')
    .replace(/[^a-z]/g, '')
}

function letter(chance: Chance, from: Letter['from'], parts: Partial<Letter>): Letter {
  const messageId = `${chance.hex(20)}@${from.address.split('@')[1]}`
  const nothing = { subject: '', answers: '', headers: [], text: '', attachment: 0 }
  return { ...nothing, from: { name: from.name, address: from.address }, messageId, ...parts }
}

function lead(chance: Chance, people: Person[]): Letter {
  const from = person(chance, people)
  const job = chance.pick(JOB)
  const text = [
    'Hello,',
    `we are ${from.company}, and we are looking for somebody to make ${job} for us. ${chance.pick(WHY)}`,
    `We have set aside ${chance.pick(MONEY)} for it and need it ${chance.pick(WHEN)}. ${chance.pick(ASIDE)}`,
    'Could you send us an offer, or say what else you need to know?',
    signature(from),
  ].join('\n\n')
  const attachment = chance.oneIn(40) ? chance.between(20_000, 400_000) : 0
  return letter(chance, from, { subject: `${from.company}: ${job}`, text, attachment })
}

function vagueLead(chance: Chance, people: Person[]): Letter {
  const from = person(chance, people)
  const text = `Hi\n\nwhat does ${chance.pick(JOB)} cost with you, roughly?\n\n${from.name.split(' ')[0]}`
  return letter(chance, from, { subject: 'Quick question', text })
}

function answer(chance: Chance, people: Person[], recent: Letter[]): Letter {
  const earlier = recent.findLast(({ headers }) => headers.length === 0)
  if (earlier === undefined) return lead(chance, people)
  const quoted = earlier.text.replace(/^/gm, '> ')
  const text = `Hello again,\n\none more thing: ${chance.pick(ASIDE)}\n\n${earlier.from.name}\n\nOn Monday, ${earlier.from.name} wrote:\n${quoted}`
  const subject = `Re: ${earlier.subject.replace(/^Re: /, '')}`
  return letter(chance, earlier.from, { subject, text, answers: earlier.messageId })
}

function newsletter(chance: Chance): Letter {
  const brand = chance.pick(PLACE)
  const items = Array.from(
    { length: chance.between(3, 12) },
    (_, i) => `${i + 1}. ${chance.pick(WHY)} ${chance.pick(ASIDE)}`,
  )
  const from = { name: `${brand} Weekly`, address: `hello@${brand.toLowerCase()}-weekly.example` }
  const domain = from.address.split('@')[1]
  return letter(chance, from, {
    subject: `${brand} Weekly, number ${chance.between(10, 400)}`,
    headers: [
      `List-Id: <weekly.${domain}>`,
      `List-Unsubscribe: <https://${domain}/u/${chance.hex(8)}>`,
      'Precedence: bulk',
    ],
    text: `What moved us this week\n\n${items.join('\n\n')}\n\nUnsubscribe: https://${domain}/u`,
  })
}

function notice(chance: Chance): Letter {
  const from = { name: 'Hosting Control', address: 'no-reply@hosting-control.example' }
  const headers = ['Auto-Submitted: auto-generated']
  const text = `Your backup of ${chance.between(1, 28)} February was completed.\n\nThis is an automatic message; please do not reply.`
  return letter(chance, from, { subject: `Backup ${chance.hex(6)} completed`, headers, text })
}

function autoReply(chance: Chance, people: Person[]): Letter {
  const from = person(chance, people)
  const headers = ['Auto-Submitted: auto-replied', 'X-Auto-Response-Suppress: All']
  const text = `I am out of the office until ${chance.between(2, 28)} March and read mail now and then.\n\n${from.name}`
  return letter(chance, from, { subject: 'Out of office', headers, text })
}

function bounce(chance: Chance): Letter {
  const from = { name: 'Mail Delivery System', address: 'mailer-daemon@mx1.studio.example' }
  const headers = ['Auto-Submitted: auto-replied', 'X-Failed-Recipients: nobody@gone.example']
  const text = 'Your message could not be delivered.\n\n550 5.1.1 <nobody@gone.example>: user unknown'
  return letter(chance, from, { subject: 'Undelivered Mail Returned to Sender', headers, text })
}

function pitch(chance: Chance, people: Person[]): Letter {
  const from = person(chance, people)
  const text = `Hi there,\n\nwe help studios like yours to book more meetings and grow your sales pipeline. Our sales reps deliver qualified meetings.\n\n${from.name}`
  return letter(chance, from, { subject: 'More meetings for your studio', text })
}

function spam(chance: Chance): Letter {
  const from = { name: 'Rank Team', address: `rank${chance.between(1, 99)}@rank-fast.example` }
  const text =
    'Dear website owner, we place you on the first page of search results. Backlinks from $99, link building, guest post.'
  return letter(chance, from, { subject: 'First page guaranteed!!', headers: ['X-Spam-Flag: YES'], text })
}

function signature({ name, company, phone }: Person): string {
  return `Kind regards\n${name}\n\n-- \n${name}\n${company}\nTel. ${phone}`
}

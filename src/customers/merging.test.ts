/**
 * A measurement: 300 people who are easy to mix up (few names, shared switchboards, several addresses)
 * write in any order. Nobody may end up in the record of somebody else, and those who give evidence
 * should end up in one.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { MailMessage } from '../mail/message.ts'
import { from, letter, office } from './testing/letters.ts'

const PEOPLE = 300
const FIRST = ['Anna', 'Jan', 'Maria', 'Thomas', 'Jürgen', 'Zoë']
const LAST = ['Klein', 'Weiß', 'Thomas', 'van der Berg', 'Müller', 'Martin']
const COMPANIES = 12

/** What a person's private mail gives away: nothing, the mobile of their signature, the thread it answers. */
const EVIDENCE = ['none', 'mobile', 'thread'] as const

const person = fc.record({
  first: fc.constantFrom(...FIRST),
  last: fc.constantFrom(...LAST),
  company: fc.nat(COMPANIES - 1),
  evidence: fc.constantFrom(...EVIDENCE),
  lastFirst: fc.boolean(),
  order: fc.tuple(fc.nat(1_000_000), fc.nat(1_000_000)),
})

type Person = typeof person extends fc.Arbitrary<infer Value> ? Value : never

interface Sent {
  readonly who: number
  readonly evidence: Person['evidence']
  readonly order: number
  readonly message: MailMessage
}

const day = fc
  .array(person, { minLength: PEOPLE, maxLength: PEOPLE })
  .map((people) => people.flatMap(lettersOf))

/** From the office with mobile and switchboard, later from a private address. */
function lettersOf(one: Person, who: number): Sent[] {
  const name = `${one.first} ${one.last}`
  const mobile = `+49 171 39${String(20_000 + who)}`
  const switchboard = `030 23125-${100 + one.company}`
  const [early, late] = one.order[0] < one.order[1] ? one.order : [one.order[1], one.order[0]]
  const work = letter({
    ...from(`${name} <p${who}@company${one.company}.example>`),
    messageId: `work-${who}@x`,
    signature: `${name}\nCompany ${one.company} GmbH\n${switchboard}\n${mobile}`,
  })
  const written = one.lastFirst ? `"${one.last}, ${one.first}"` : name
  const home = letter({
    ...from(`${written} <p${who}@gmail.com>`),
    inReplyTo: one.evidence === 'thread' ? `work-${who}@x` : null,
    fresh: one.evidence === 'mobile' ? `Hello\n\n${name}\n${mobile}` : 'Hello',
  })
  return [
    { who, evidence: one.evidence, order: early, message: work },
    { who, evidence: one.evidence, order: late + 0.5, message: home },
  ]
}

/** Record → the people in it, and for each person with evidence whether both addresses share a record. */
function sortOut(letters: readonly Sent[]): {
  people: Map<string, Set<number>>
  records: Map<number, Set<string>>
} {
  const { receive } = office()
  const people = new Map<string, Set<number>>()
  const records = new Map<number, Set<string>>()
  for (const { who, message } of [...letters].sort((a, b) => a.order - b.order)) {
    const { customer } = receive(message)
    people.set(customer, (people.get(customer) ?? new Set()).add(who))
    records.set(who, (records.get(who) ?? new Set()).add(customer))
  }
  return { people, records }
}

test('of 300 people who are easy to mix up no two are merged, and evidence joins', () => {
  fc.assert(
    fc.property(day, (letters) => {
      const { people, records } = sortOut(letters)
      const merged = [...people].filter(([, inIt]) => inIt.size > 1)
      assert.deepEqual(merged, [], 'two people in one record')

      const given = (evidence: Person['evidence']) =>
        [...records].filter(([who]) => letters[2 * who]?.evidence === evidence)
      const share = (evidence: Person['evidence']) =>
        given(evidence).filter(([, ids]) => ids.size === 1).length / given(evidence).length
      assert.deepEqual([share('none'), share('mobile'), share('thread')], [0, 1, 1])
    }),
    { seed: 20_261_105, numRuns: 5, endOnFailure: true },
  )
})

test('a switchboard with different names does not merge, in whatever order they write', () => {
  const names = fc.uniqueArray(fc.tuple(fc.constantFrom(...FIRST), fc.constantFrom(...LAST)), {
    selector: (name) => name.join(' '),
    minLength: 2,
  })
  fc.assert(
    fc.property(names, (all) => {
      const { receive } = office()
      const signature = 'Acme GmbH\n030 23125-014'
      const ids = all.map(
        (name, i) => receive(letter({ ...from(`${name.join(' ')} <p${i}@gmail.com>`), signature })).customer,
      )
      assert.equal(new Set(ids).size, all.length)
    }),
    { seed: 7, numRuns: 50, endOnFailure: true },
  )
})

test('one name with a different phone each does not merge', () => {
  const { receive } = office()
  const ids = Array.from({ length: 50 }, (_, i) => {
    const signature = `Anna Klein\n+49 171 39${20_000 + i}`
    return receive(letter({ ...from(`Anna Klein <anna${i}@gmail.com>`), signature })).customer
  })
  assert.equal(new Set(ids).size, 50)
})

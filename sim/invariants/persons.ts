/**
 * Erasing a customer takes all that is about them, and nothing of others: what that is, is reckoned here from the events
 * as they come, by the customers of runs and by the names in texts.
 */
import { ATTENTION_CHECK } from '../../src/kernel/attention.ts'
import type { StoredEvent } from '../../src/kernel/event.ts'
import type { JsonObject } from '../../src/kernel/json.ts'
import { type Subject, sightOf } from '../../src/runtime/erasure/subject.ts'
import { type Invariant, runOf, Violation } from './invariant.ts'

export interface Person {
  readonly customer: string
  /** The first is their address. */
  readonly names: readonly [string, ...string[]]
}

export const PEOPLE: readonly [Person, ...Person[]] = [
  { customer: 'c-ada', names: ['ada@hall.example', 'c-ada'] },
  { customer: 'c-bob', names: ['bob@mill.example', 'c-bob'] },
]

const ROLLBACK = 'rollback/'
const REVIEW = 'review/'

/** What is known of an event that may be about somebody. */
interface Seen {
  readonly position: number
  /** The run that it is of, or that asks for the review that it is of. */
  readonly run: string | null
  readonly correlation: string | null
  readonly text: string
  readonly stream: string
  /** The state of an agent: of one that is about others too only the past goes, and what is about them. */
  readonly isState: boolean
}

interface Expected {
  readonly subject: Subject
  /** By what stands in its place: the name. */
  readonly names: ReadonlyMap<string, string>
}

export class Persons implements Invariant {
  /** Those that are not erased. */
  readonly #seen = new Map<number, Seen>()
  /** By customer: the runs about them. */
  readonly #runs = new Map(PEOPLE.map(({ customer }) => [customer, new Set<string>()]))
  /** By token. */
  readonly #expected = new Map<string, Expected>()
  /** Customers of whose runs some may be theirs and not be known any more. */
  readonly #faded = new Set<string>()
  /** By review: the run that asks. */
  readonly #asking = new Map<string, string>()
  /** By customer of whom something was erased: the position of the last time. */
  readonly #gone = new Map<string, number>()

  /** An erasure that is asked for. */
  expect(subject: Subject): void {
    const { replace } = sightOf(subject)
    this.#expected.set(subject.token, {
      subject,
      names: new Map(subject.names.map((name) => [replace(name), name])),
    })
  }

  /** Whether a text names somebody of whom something was erased after it was on record at this position. */
  isGone(text: string, position = 0): boolean {
    return PEOPLE.some(
      ({ customer, names }) => (this.#gone.get(customer) ?? 0) > position && isNamed(text, names),
    )
  }

  /** A text as it was before names were erased from it. */
  asBefore(text: string): string {
    let before = text
    for (const { names } of this.#expected.values())
      for (const [there, name] of names) before = before.replaceAll(there, name)
    return before
  }

  /** What this event has made of the names of streams; null when it has erased nobody. */
  renames({ kind, body }: StoredEvent): ((text: string) => string) | null {
    const expected = kind === 'bodies.erased' ? this.#expected.get(String(body?.somebody)) : undefined
    return expected === undefined ? null : sightOf(expected.subject).replace
  }

  see(event: StoredEvent): void {
    const { kind, body, stream, position, correlation } = event
    if (kind === 'bodies.erased') {
      this.#erase(body ?? {}, position)
      return
    }
    if (body === null) return
    const own = runOf(event)
    const text = `${stream} ${JSON.stringify(body)}`
    if (kind === 'review.requested') this.#asking.set(String(body.review), own ?? '')
    if (kind === 'run.started' && own !== null) this.#start(own, body, text)
    const asking = stream.startsWith(REVIEW) ? this.#asking.get(stream.slice(REVIEW.length)) : undefined
    const isState = kind === 'agent.handled'
    this.#seen.set(position, { position, run: asking ?? own, correlation, text, stream, isState })
  }

  end(): void {}

  #start(run: string, body: JsonObject, text: string): void {
    for (const person of PEOPLE) {
      const runs = this.#runs.get(person.customer)
      if (runs !== undefined && isAbout(person, run, body, text, runs)) runs.add(run)
    }
  }

  /** What earlier erasures have taken is said once more, if those named them. */
  #erase({ positions, runs, somebody, mentions }: JsonObject, at: number): void {
    const taken = new Set(positions as readonly number[])
    const customer = this.#expected.get(String(somebody))?.subject.customer
    const person = PEOPLE.find((one) => one.customer === customer)
    if (person === undefined) this.#fade(runs as readonly string[])
    else {
      for (const seen of this.#seen.values())
        this.#check(person, seen, taken.has(seen.position), mentions === true)
      this.#gone.set(person.customer, at)
      this.#runs.get(person.customer)?.clear()
      this.#faded.delete(person.customer)
    }
    for (const position of taken) this.#seen.delete(position)
  }

  /** Whom a run was about that said so only by what it began with, retention has made unknown. */
  #fade(erased: readonly string[]): void {
    for (const [customer, runs] of this.#runs)
      if (erased.some((run) => runs.has(run))) this.#faded.add(customer)
  }

  #check(person: Person, seen: Seen, isTaken: boolean, mentions: boolean): void {
    const { customer, names } = person
    const { position } = seen
    const whose = this.#whose(person, seen)
    const isOwn = whose === 'theirs' || (whose === 'mention' && mentions)
    if (isTaken && !isOwn && whose !== 'shared')
      throw new Violation('erasure-of-one', `${position} is erased with ${customer}, and is not theirs`)
    const mayStay = !isOwn || (this.#faded.has(customer) && !isNamed(seen.text, names))
    if (!isTaken && !mayStay)
      throw new Violation('erasure-of-one', `${position} is about ${customer}, and was not erased`)
  }

  #whose(
    { customer, names }: Person,
    { run, correlation, text, stream, isState }: Seen,
  ): 'theirs' | 'mention' | 'shared' | 'others' {
    const isNamedIn = isNamed(text, names)
    if (isState && !isNamed(stream, names)) return isNamedIn ? 'theirs' : 'shared'
    const runs = this.#runs.get(customer)
    const isOfRun = [run, correlation].some((one) => one !== null && runs?.has(one))
    if (isOfRun || isNamed(stream, names)) return 'theirs'
    if (!isNamedIn) return 'others'
    return stream.startsWith('run/') ? 'mention' : 'theirs'
  }
}

/**
 * A run without a customer is about whom it begins with; children, chains, rollbacks and items that are known to be bad
 * are about whom those are that they come of.
 */
function isAbout(
  person: Person,
  run: string,
  { customer, parent, continued, workflow, input }: JsonObject,
  text: string,
  runs: ReadonlySet<string>,
): boolean {
  if (customer !== null && customer !== undefined) return customer === person.customer
  const above = (parent as { readonly run: string } | null | undefined)?.run
  const source = workflow === ATTENTION_CHECK ? (input as { readonly source: string }).source : undefined
  const before = [above, continued, source, run.startsWith(ROLLBACK) ? run.slice(ROLLBACK.length) : undefined]
  return isNamed(text, person.names) || before.some((one) => one !== undefined && runs.has(String(one)))
}

function isNamed(text: string, names: readonly string[]): boolean {
  return names.some((name) => text.includes(name))
}

/** Customers whom runs are about, and the operator who erases one of them while work goes on. */
import { isHoldfastError } from '../src/kernel/errors.ts'
import { eraseSubject, findSubject } from '../src/runtime/erasure/erase-subject.ts'
import type { Callers } from './callers.ts'
import type { Chance } from './chance.ts'
import { KEYS } from './collector.ts'
import { Violation } from './invariants/invariant.ts'
import { PEOPLE, type Person } from './invariants/persons.ts'
import type { SimProcess } from './process.ts'
import type { Simulation } from './simulation.ts'
import { drawTaste, drawTree, type Taste } from './tree.ts'
import { FLAVOURS } from './workflow.ts'

interface Wish {
  readonly person: Person
  readonly mentions: boolean
}

export class People {
  readonly #around: Simulation
  readonly #callers: Callers
  readonly #chance: Chance
  readonly #taste: Taste
  #visits = 0
  #words = 0
  #erasures = 0
  /** Whom the operator has begun to erase, and is not done with. */
  readonly #wanted: Wish[] = []

  constructor(around: Simulation, callers: Callers, chance: Chance) {
    this.#around = around
    this.#callers = callers
    this.#chance = chance
    this.#taste = drawTaste(chance.part('taste'))
  }

  /** Starts a run about one of them, which says so by its customer, by what it begins with, or by its id. */
  visit(): void {
    const chance = this.#chance
    const person = chance.pick(PEOPLE)
    const [name] = person.names
    const id = this.#idOf(chance.happens(0.5) ? person : null)
    const says = chance.happens(0.5) ? `from ${name}` : undefined
    const isSaid = says !== undefined || id.includes(name)
    const customer = chance.happens(0.7) || !isSaid ? { customer: person.customer } : {}
    this.#start(id, { key: chance.pick(['x', name]), says, ...customer })
  }

  /** Starts a run about one of them that tells of the other. */
  gossip(): void {
    const [one, other] = this.#chance.happens(0.5) ? PEOPLE : PEOPLE.toReversed()
    const { customer } = one as Person
    this.#start(this.#idOf(null), { key: 'x', says: `I met ${other?.names[0]}`, customer })
  }

  #idOf(person: Person | null): string {
    this.#visits += 1
    return `visit-${this.#visits}${person === null ? '' : `-${person.names[0]}`}`
  }

  #start(id: string, given: { key: string; says: string | undefined; customer?: string }): void {
    const chance = this.#chance
    const flavour = chance.pick(FLAVOURS)
    const { says, key, ...about } = given
    const tree = drawTree(chance, this.#taste, 2)
    const left = flavour === 'chain' ? chance.whole(1, 2) : 0
    const input = { tree, path: id, key, left, ...(says === undefined ? {} : { says }) }
    this.#callers.ask(`start of ${id}`, async ({ hf, runtime }) => {
      await hf.start(runtime.workflows.get(flavour, 1), input, { id, ...about })
      return ({ log }) => log.versionOf(`run/${id}`) > 0
    })
  }

  /** Tells the agent something by one of them: an instance of their own, or one that others share. */
  word(): void {
    const [name] = this.#chance.pick(PEOPLE).names
    this.#words += 1
    const key = this.#chance.pick([name, KEYS[0]])
    const how = this.#chance.pick(['fold', 'step', 'sleep', 'poison'] as const)
    this.#callers.publish(`tick/${name}/${this.#words}`, key, 'tick', { how })
  }

  erase(): void {
    const person = this.#chance.pick(PEOPLE)
    const wish = { person, mentions: this.#chance.happens(0.5) }
    if (this.#chance.happens(0.7)) this.#wanted.push(wish)
    this.#carryOut(wish, this.#chance.happens(0.8))
  }

  /** Without faults: what was begun is carried out. False when there is nothing left to be. */
  finish(): boolean {
    const [wish] = this.#wanted
    if (wish !== undefined) this.#carryOut(wish, true)
    return wish !== undefined
  }

  #carryOut(wish: Wish, cancels: boolean): void {
    const { watch, tally } = this.#around
    const { person, mentions } = wish
    this.#erasures += 1
    const token = `t${this.#erasures}`
    const subject = { ...person, ids: [], streams: [], pieces: [], token }
    watch.persons.expect(subject)
    tally.add('erasure of a customer: begun')
    this.#callers.ask(`erasure of ${person.customer}`, async (process) => {
      const { hf, log } = process
      for (const run of cancels ? findSubject(log, subject, mentions).open : []) {
        this.#callers.cancelled.add(run)
        await hf.cancel(run).catch((error) => {
          if (!isHoldfastError(error) || error.code !== 'RUN_ENDED') throw error
        })
      }
      await hf.idle()
      const note = { somebody: token, mentions }
      const by = { actor: 'operator', reason: `${person.names[0]} asked for it`, mentions, note }
      const { events } = await eraseSubject(log, { subject, ...by })
      log.compact({ anew: true })
      tally.add('erasure of a customer: events', events)
      if (!process.isDead) this.#checkBytes(process, person)
      const done = this.#wanted.indexOf(wish)
      if (done >= 0) this.#wanted.splice(done, 1)
      return () => true
    })
  }

  /** What others say of them, and what has come since, may be there. */
  #checkBytes({ log }: SimProcess, { names }: Person): void {
    const bytes = this.#around.bytes()
    const found = names.filter((name) => bytes.includes(name))
    if (found.length === 0) return
    this.#around.tally.add('erasure of a customer: named by others')
    for (const { kind, body, stream } of log.read()) {
      if (body === null || kind === 'bodies.erased') continue
      const text = `${stream} ${JSON.stringify(body)}`
      if (found.some((name) => text.includes(name))) return
    }
    const wrong = `${found.join(', ')} was erased, and is found in the bytes of the store`
    this.#around.break('erased-is-gone', new Violation('erased-is-gone', wrong))
  }
}

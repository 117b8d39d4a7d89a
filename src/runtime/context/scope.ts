/**
 * The part of a run in which a piece of code asks for operations: the run itself, or a branch of it whose
 * operations are named after its place. A scope can be closed; code that goes on in it gets OPERATION_ABANDONED.
 */
import type { Json } from '../../kernel/json.ts'
import type { Note } from '../../kernel/note.ts'
import type { Abandonable, Operation, OperationHost } from '../operations.ts'
import { ForkLine } from '../replay/fork-line.ts'
import { askedWithin, wasAbandoned } from '../run-errors.ts'
import { stepAsking } from '../steps/within.ts'
import { Names, storable } from './names.ts'
import { unwatched } from './unwatched.ts'

type Make = (name: string) => Operation

export class Scope {
  readonly host: OperationHost
  readonly line: ForkLine
  readonly #names: Names
  readonly #draws: Map<string, number>
  /** Of the whole run: what it was told once stays so. */
  readonly #patches: Map<string, boolean>
  readonly #told: Map<string, Promise<Json>>
  /** '' for the run itself, else ends with a slash. */
  readonly #prefix: string
  readonly #parent: Scope | null
  /** Made when there are some, as most runs have none. */
  #inner: Set<Scope> | null = null
  #waiting: Set<() => void> | null = null
  #isClosed = false

  private constructor(host: OperationHost, parent: Scope | null, prefix: string) {
    this.host = host
    this.#parent = parent
    this.#prefix = prefix
    this.line = parent === null ? new ForkLine(host) : parent.line
    this.#names = parent === null ? new Names(host.run.id) : parent.#names
    this.#draws = parent === null ? new Map() : parent.#draws
    this.#patches = parent === null ? new Map() : parent.#patches
    this.#told = parent === null ? new Map() : parent.#told
  }

  static ofRun(host: OperationHost): Scope {
    return new Scope(host, null, '')
  }

  /** Claims a name for several branches as long as `work` lasts, and gives it as it stands on record. */
  async several<T>(name: string, work: (unique: string) => Promise<T>): Promise<T> {
    this.#assertMayAsk(name)
    return await this.#named(name, work)
  }

  /**
   * In a scope that is closed already, it is closed from the start.
   * @param place unique within the run, as given by `several` and the branch
   */
  branch(place: string): Scope {
    const inner = new Scope(this.host, this, `${place}/`)
    inner.#isClosed = this.#isClosed
    this.#inner ??= new Set()
    this.#inner.add(inner)
    return inner
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Abandons what waits in it; nothing more is begun. */
  close(): void {
    this.#isClosed = true
    this.leave()
    for (const inner of [...(this.#inner ?? [])]) inner.close()
    for (const abandon of [...(this.#waiting ?? [])]) abandon()
  }

  /** The branch has ended by itself. */
  leave(): void {
    if (this.#parent !== null) this.#parent.#inner?.delete(this)
  }

  /** The promise may be left alone: a failure that nobody looks at is on record all the same. */
  operate(make: Make, given: string): Promise<Json> {
    try {
      this.#assertMayAsk(given)
      const wanted = given === '' ? given : this.#place(given)
      const outcome = this.#begin(make, this.#names.claim(wanted))
      const release = (): void => this.#names.release(wanted)
      outcome.then(release, release)
      return outcome
    } catch (error) {
      return unwatched(Promise.reject(error as Error))
    }
  }

  #begin(make: Make, unique: string): Promise<Json> {
    try {
      return this.host.operate(this.line.asks(make(unique)))
    } catch (error) {
      return Promise.reject(error as Error)
    }
  }

  /** For operations that got their name from us: two under way together are told apart by their order. */
  async operateUnnamed(make: Make, wanted: string): Promise<Json> {
    this.#assertMayAsk(wanted)
    return await this.host.operate(this.line.asks(make(this.#names.count(this.#place(wanted)))))
  }

  /** For what a run asks only once, whatever branch of it asks: the name is the same in all of them. */
  once(name: string, make: Make): Promise<Json> {
    this.#assertMayAsk(name)
    const told = this.#told.get(name) ?? this.host.operate(this.line.asks(make(this.#names.count(name))))
    this.#told.set(name, told)
    return told
  }

  /**
   * For what only waits and can be abandoned: by the signal, or with the scope.
   * @param given name by the code; without one it gets `own`
   */
  async wait(
    make: (name: string) => Abandonable,
    given: string | null,
    own: string,
    signal: AbortSignal | undefined,
  ): Promise<Json> {
    if (signal?.aborted) throw wasAbandoned(own)
    let operation: Abandonable | null = null
    const watched: Make = (name) => {
      operation = make(name)
      return operation
    }
    const abandon = (): void => {
      if (operation !== null) this.host.abandon(operation)
    }
    this.#waiting ??= new Set()
    this.#waiting.add(abandon)
    signal?.addEventListener('abort', abandon)
    try {
      return await (given === null ? this.operateUnnamed(watched, own) : this.operate(watched, given))
    } finally {
      this.#waiting.delete(abandon)
      signal?.removeEventListener('abort', abandon)
    }
  }

  async continueAs(input: Json): Promise<never> {
    this.#assertMayAsk('continueAs')
    return await this.host.continueAs(input)
  }

  patched(id: string): boolean {
    this.#assertBesideSteps(`patched ${id}`)
    const known = this.#patches.get(id)
    if (known !== undefined) return known
    const note: Note = { kind: 'patch.noted', body: { patch: storable(id) } }
    const isPatched = this.host.hasNote(note) || !this.host.isBehind()
    if (isPatched) this.host.note(note)
    this.#patches.set(id, isPatched)
    return isPatched
  }

  /** How often `what` was drawn from in this scope. */
  draw(what: string, name: string): { readonly name: string; readonly n: number } {
    this.#assertBesideSteps(name)
    const placed = this.#place(name)
    const key = `${what} ${placed}`
    const n = this.#draws.get(key) ?? 0
    this.#draws.set(key, n + 1)
    return { name: placed, n }
  }

  async #named<T>(given: string, work: (unique: string) => Promise<T>): Promise<T> {
    const wanted = given === '' ? given : this.#place(given)
    const unique = this.#names.claim(wanted)
    try {
      return await work(unique)
    } finally {
      this.#names.release(wanted)
    }
  }

  #place(name: string): string {
    return typeof name === 'string' ? this.#prefix + storable(name) : name
  }

  /** @throws OPERATION_ABANDONED in a closed scope, INPUT_INVALID */
  #assertMayAsk(name: string): void {
    this.#assertBesideSteps(name)
    if (this.#isClosed) throw wasAbandoned(this.#prefix.slice(0, -1))
  }

  /** @throws INPUT_INVALID */
  #assertBesideSteps(name: string): void {
    const step = stepAsking(this.host)
    if (step !== null) throw askedWithin(this.host.run.id, step, name)
  }
}

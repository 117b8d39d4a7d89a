/** What a run did is undone last first, each once, and all that can be. */
import type { StoredEvent } from '../../src/kernel/event.ts'
import type { JsonObject } from '../../src/kernel/json.ts'
import { OPERATIONS } from '../connector.ts'
import type { Request } from '../world.ts'
import { type Invariant, runOf, Violation } from './invariant.ts'

const ROLLBACK = 'rollback/'

interface Rollback {
  readonly target: string
  readonly began: number
  /** Position at which it last looked what there was to undo. */
  looked: number
  /** Of the success of the effect that it turned to last. */
  last: number
  /** Name of the undo that has no outcome yet. */
  open: string | null
  isCompleted: boolean
}

/** One that is retried tries once more what it could not undo, in the same order. */
const AGAIN = { last: Infinity, open: null } as const

export class Rollbacks implements Invariant {
  /** By run and name: position of the success of what can be undone. */
  readonly #deeds = new Map<string, { readonly run: string; readonly position: number }>()
  readonly #undone = new Map<string, number>()
  readonly #rollbacks = new Map<string, Rollback>()
  /** Called child → parent. */
  readonly #callers = new Map<string, string>()
  readonly #careful = new Set<string>()
  readonly #failed = new Set<string>()

  see(event: StoredEvent): void {
    const run = runOf(event)
    if (run === null || event.body === null) return
    const { kind, body, position } = event
    if (kind === 'run.started') this.#start(run, body, position)
    const rollback = this.#rollbacks.get(run)
    if (rollback !== undefined) this.#seeUndoing(rollback, event, body)
    else if (kind === 'effect.intended' || kind === 'effect.succeeded') this.#seeEffect(run, event, body)
    else if (kind === 'run.failed' || kind === 'run.cancelled') this.#failed.add(run)
    else if (kind === 'run.reopened') this.#failed.delete(run)
  }

  #start(run: string, body: JsonObject, began: number): void {
    if (body.workflow === 'careful') this.#careful.add(run)
    const parent = body.parent as { readonly run: string; readonly mode: string } | null
    if (run.startsWith(ROLLBACK)) {
      const target = run.slice(ROLLBACK.length)
      this.#rollbacks.set(run, { target, began, looked: 0, last: Infinity, open: null, isCompleted: false })
    } else if (parent?.mode === 'call') this.#callers.set(run, parent.run)
  }

  #seeEffect(run: string, { kind, position }: StoredEvent, body: JsonObject): void {
    const deed = keyOf(run, body.name)
    if (kind === 'effect.intended') {
      const operation = String(body.operation).slice('world.'.length) as Request['operation']
      if (OPERATIONS[operation]?.hasUndo) this.#deeds.set(deed, { run, position: Infinity })
    } else if (this.#deeds.has(deed)) this.#deeds.set(deed, { run, position })
  }

  #seeUndoing(rollback: Rollback, { kind, position, stream }: StoredEvent, body: JsonObject): void {
    const name = String(body.name)
    if (kind === 'step.completed' && name.startsWith('find what was done')) rollback.looked = position
    else if (kind === 'run.completed') rollback.isCompleted = true
    else if (kind === 'run.reopened') Object.assign(rollback, AGAIN)
    else if (kind === 'undo.succeeded' || kind === 'undo.failed') rollback.open = null
    if (kind === 'undo.intended') {
      const { of, input } = body.input as { of: { run: string; name: string }; input: JsonObject | null }
      if (typeof input?.path !== 'string')
        throw new Violation('undo-order', `${stream} undoes ${of.name} with ${JSON.stringify(input)}`)
      const deed = keyOf(of.run, of.name)
      const at = this.#deeds.get(deed)?.position ?? Infinity
      const isAgain = rollback.open === name
      if (at === Infinity) throw new Violation('undo-order', `${stream} undoes ${deed}, which was not done`)
      if (rollback.open !== null && !isAgain)
        throw new Violation('undo-order', `${stream} turns to ${name} before ${rollback.open} is over`)
      if (!isAgain && at >= rollback.last)
        throw new Violation('undo-order', `${stream} undoes what was done at ${at} after ${rollback.last}`)
      if ((this.#undone.get(deed) ?? Infinity) < rollback.began)
        throw new Violation('undo-once', `${stream} undoes ${deed}, which was undone before it began`)
      rollback.open = name
      rollback.last = at
    }
    if (kind === 'undo.succeeded') {
      const of = body.of as { run: string; name: string }
      const deed = keyOf(of.run, of.name)
      if (!this.#undone.has(deed)) this.#undone.set(deed, position)
    }
  }

  end(): void {
    for (const [id, { target, looked, isCompleted }] of this.#rollbacks) {
      if (!isCompleted) continue
      for (const [deed, { run, position }] of this.#deeds) {
        if (position < looked && !this.#undone.has(deed) && this.#isOf(run, target))
          throw new Violation('undo-whole', `${id} is over, and ${deed} was not undone`)
      }
    }
    for (const run of this.#careful) {
      const hasActed = [...this.#deeds.values()].some((deed) => deed.run === run && deed.position < Infinity)
      if (hasActed && this.#failed.has(run) && !this.#rollbacks.has(ROLLBACK + run))
        throw new Violation('undo-whole', `${run} did not succeed, and is not rolled back`)
    }
  }

  /** Whether it is the run itself, or one that it called. */
  #isOf(run: string, target: string): boolean {
    for (let one: string | undefined = run; one !== undefined; one = this.#callers.get(one))
      if (one === target) return true
    return false
  }
}

function keyOf(run: string, name: unknown): string {
  return `${run}\n${String(name)}`
}

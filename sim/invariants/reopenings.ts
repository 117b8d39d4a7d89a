/**
 * A failed run is reopened, as often as that is asked for, and keeps what it has done outside; one whose failure
 * nobody has is a dead letter until it is, or is discarded.
 */
import type { StoredEvent } from '../../src/kernel/event.ts'
import { RUN_ENDS } from '../../src/kernel/journal.ts'
import type { JsonObject } from '../../src/kernel/json.ts'
import { type Invariant, runOf, Violation } from './invariant.ts'

/** Kinds by which something is done outside for good. */
const DONE: ReadonlySet<string> = new Set(['effect.succeeded', 'undo.succeeded', 'publication.made'])

interface Run {
  readonly workflow: string
  readonly parent: { readonly run: string; readonly mode: string } | null
  /** Whether a caller, or an agent, waits for its end, and has its failure. */
  readonly isAwaited: boolean
  /** Names of what it has done outside. */
  readonly done: Set<string>
  /** Its last end; null while it is open. */
  end: { readonly kind: string; readonly actor: string } | null
  isRolledBack: boolean
}

export class Reopenings implements Invariant {
  readonly #runs = new Map<string, Run>()
  /** Those that wait for the operator, the one that failed last at the end. */
  readonly #dead = new Set<string>()

  see(event: StoredEvent): void {
    const run = runOf(event)
    if (event.kind === 'bodies.erased')
      for (const one of (event.body?.runs ?? []) as string[]) this.#dead.delete(one)
    if (run === null || event.body === null) return
    const { kind, body, actor } = event
    if (kind === 'run.started') this.#start(run, body)
    const known = this.#runs.get(run)
    if (known === undefined) return
    if (kind === 'run.reopened') this.#reopen(run, known, body)
    else if (kind === 'run.discarded') this.#dead.delete(run)
    else if (RUN_ENDS.has(kind)) {
      known.end = { kind, actor }
      if (kind === 'run.failed' && !known.isAwaited && !this.#isGiven(known)) this.#dead.add(run)
    }
    if (DONE.has(kind) || (kind === 'child.ended' && body.error === undefined))
      known.done.add(String(body.name))
  }

  /** Runs that wait for the operator now, the one that has waited longest first. */
  get dead(): readonly string[] {
    return [...this.#dead]
  }

  /** Workflows of which there are some. */
  get workflows(): readonly string[] {
    return [...new Set([...this.#dead].map((run) => this.#runs.get(run)?.workflow ?? ''))].sort()
  }

  end(): void {}

  #start(run: string, body: JsonObject): void {
    const parent = body.parent as Run['parent']
    const isAwaited = body.awaited === true || run.startsWith('agent/')
    const workflow = String(body.workflow)
    this.#runs.set(run, { workflow, parent, isAwaited, done: new Set(), end: null, isRolledBack: false })
    const rolledBack = run.startsWith('rollback/') ? this.#runs.get(run.slice('rollback/'.length)) : undefined
    if (rolledBack !== undefined) rolledBack.isRolledBack = true
  }

  /** An open parent that has called it is given its failure. */
  #isGiven({ parent }: Run): boolean {
    return parent?.mode === 'call' && this.#runs.get(parent.run)?.end === null
  }

  #reopen(run: string, known: Run, body: JsonObject): void {
    const { end } = known
    const withParent = end?.kind === 'run.cancelled' && end.actor === 'runtime'
    if (end?.kind !== 'run.failed' && !withParent)
      throw new Violation('reopen-right', `${run} is reopened after ${end?.kind ?? 'nothing'}`)
    for (
      let one: Run | undefined = known;
      one !== undefined;
      one = this.#runs.get(one.parent?.mode === 'call' ? one.parent.run : '')
    ) {
      if (one.isRolledBack) throw new Violation('reopen-right', `${run} is reopened, and rolled back`)
    }
    const again = (body.voided as string[]).filter((name) => known.done.has(name))
    if (again.length > 0) throw new Violation('reopen-keeps', `${run} is to do ${again.join(', ')} again`)
    known.end = null
    this.#dead.delete(run)
  }
}

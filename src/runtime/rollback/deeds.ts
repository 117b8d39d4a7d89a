/** What a run has done to the world, read from the log: its own effects and those of the runs, and chains, that it called. */

import type { StoredEvent } from '../../kernel/event.ts'
import { foldJournal } from '../../kernel/journal.ts'
import type { Json, JsonObject } from '../../kernel/json.ts'
import { runStream } from '../../kernel/run-stream.ts'
import type { EventLog } from '../../ports/event-log.ts'
import type { Gate } from '../../ports/gate.ts'
import { isErased } from '../run-errors.ts'
import { isRollback } from './rollback-id.ts'
import { isUndone } from './undone-index.ts'

export interface Deed {
  readonly run: string
  /** Of the effect in the journal of that run. */
  readonly name: string
  readonly operation: string
  /** Of the event that says it succeeded; of the last one about it, when it is not known whether it did. */
  readonly position: number
}

export interface Deeds {
  /** To be undone, in this order: the last success first. */
  readonly undoable: readonly Deed[]
  /** Done, by operations that have no undo. */
  readonly final: readonly Deed[]
  /** Begun, and not known whether they were done. */
  readonly unclear: readonly Deed[]
  /** Runs that it called and that have not ended. */
  readonly open: readonly string[]
}

/**
 * Reads are left out, and what was undone before.
 * @throws OPERATION_UNKNOWN for what no connector offers any more, BODY_ERASED
 */
export function deedsOf(log: EventLog, gate: Pick<Gate, 'manifestOf'>, run: string): Deeds {
  const done: Deed[] = []
  const unclear: Deed[] = []
  const open: string[] = []
  const look = (one: string): void => {
    const events = log.readStream(runStream(one))
    const journal = foldJournal(one, events)
    if (journal.erased) throw isErased(one)
    if (journal.end === null && one !== run) open.push(one)
    // Of the run itself the other links are rolled back by themselves.
    if (journal.end?.status === 'continued' && one !== run) look(journal.end.next)
    for (const { type, name, opened, effect, settled } of journal.entries.values()) {
      if (type === 'child' && isCalled(opened)) look(String(opened?.run))
      // What a fork has copied, or was refused before it was tried, was not done by this run.
      if (type !== 'effect' || opened === null || isUndone(log.tables, one, name)) continue
      const operation = String(opened.operation)
      const position = lastPosition(events, name)
      if (settled === null && effect !== null) unclear.push({ run: one, name, operation, position })
      else if (settled?.outcome.ok) done.push({ run: one, name, operation, position })
    }
  }
  look(run)
  const changes = (deed: Deed): boolean => gate.manifestOf(deed.operation).effect !== 'read'
  const made = done.filter(changes).toSorted((a, b) => b.position - a.position)
  return {
    undoable: made.filter(({ operation }) => gate.manifestOf(operation).hasUndo),
    final: made.filter(({ operation }) => !gate.manifestOf(operation).hasUndo),
    unclear: unclear.filter(changes),
    open,
  }
}

/** A rollback is called too, and what was spawned goes its own way. */
function isCalled(child: JsonObject | null): boolean {
  const run = child?.run
  return typeof run === 'string' && child?.mode !== 'spawn' && !isRollback(run)
}

/** What an effect was given and what it gave. @throws BODY_ERASED */
export function inputAndOutput(log: EventLog, { run, name }: Deed): { input: Json; output: Json } {
  const all = log.readStream(runStream(run))
  if (all.some(({ body }) => body === null)) throw isErased(run)
  const events = all.filter(({ body }) => body?.name === name)
  const last = (kind: string): StoredEvent | undefined => events.findLast((event) => event.kind === kind)
  const asked = last('effect.intended') ?? last('effect.unknown')
  return { input: asked?.body?.input ?? null, output: last('effect.succeeded')?.body?.output ?? null }
}

function lastPosition(events: readonly StoredEvent[], name: string): number {
  return events.findLast(({ kind, body }) => kind.startsWith('effect.') && body?.name === name)?.position ?? 0
}

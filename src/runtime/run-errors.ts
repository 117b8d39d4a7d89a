/** Why a run can't go on, or can't be changed. */
import { type ErrorRecord, HoldfastError } from '../kernel/errors.ts'
import type { JournalEntry } from '../kernel/journal.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { Operation } from './operations.ts'

export function recordJson(record: ErrorRecord): JsonObject {
  return record as unknown as JsonObject
}

export function diverged(run: string, operation: Operation, entry: JournalEntry): HoldfastError {
  const { name, type } = operation
  return new HoldfastError(
    'JOURNAL_DIVERGED',
    `Run ${run} asks for a ${type} named "${name}", its journal holds a ${entry.type} there`,
    { details: { run, name, asked: type, recorded: entry.type } },
  )
}

/** `recorded` is the `run.started` of the run that has the id; null when it was erased. */
export function idConflict(run: string, recorded: JsonObject | null): HoldfastError {
  const was = `${recorded?.workflow ?? 'an erased workflow'} version ${recorded?.version ?? '?'}`
  return new HoldfastError(
    'RUN_ID_CONFLICT',
    `Run ${run} was started as ${was} with another input or workflow`,
    { details: { run } },
  )
}

export function hasEnded(run: string): HoldfastError {
  return new HoldfastError('RUN_ENDED', `Run ${run} has ended`, { details: { run } })
}

/** Once the step is on record its function is not called again, and what it asked for would be missing. */
export function askedWithin(run: string, step: string, name: string): HoldfastError {
  return new HoldfastError('INPUT_INVALID', `The function of step "${step}" asks for "${name}"`, {
    details: { run, step, name },
    fix: 'Ask `ctx` before or after the step; its function only computes, reads or writes by itself.',
  })
}

/** What the code asked for and gave up itself. */
export function wasAbandoned(name: string): HoldfastError {
  return new HoldfastError('OPERATION_ABANDONED', `"${name}" was abandoned by the code of the run`, {
    details: { name },
  })
}

export function idTaken(run: string, what: string): HoldfastError {
  return new HoldfastError('RUN_ID_CONFLICT', `${what} would be run ${run}, which was started otherwise`, {
    details: { run },
  })
}

export function isErased(run: string): HoldfastError {
  return new HoldfastError('BODY_ERASED', `Parts of the journal of run ${run} were erased: it can't go on`, {
    details: { run },
  })
}

/** @throws INPUT_INVALID */
export function noAutonomy(): never {
  throw new HoldfastError('INPUT_INVALID', 'This runtime was made without autonomy', {
    fix: 'Give it one when it is made; `openHoldfast` does.',
  })
}

export function notFound(run: string): HoldfastError {
  return new HoldfastError('RUN_NOT_FOUND', `There is no run ${run}`, { details: { run } })
}

export function isClosed(run: string): HoldfastError {
  return new HoldfastError('HOLDFAST_CLOSED', `Holdfast was closed while run ${run} was under way`, {
    details: { run },
  })
}

/** The code asks for something new while it has not asked for what was done: perhaps only a name was changed. */
export function forgotten(run: string, recorded: JournalEntry, asked: Operation): HoldfastError {
  return new HoldfastError(
    'JOURNAL_DIVERGED',
    `Run ${run} asks for a new ${asked.type} "${asked.name}", but not for the ${recorded.type} "${recorded.name}" that its journal holds`,
    { details: { run, asked: asked.name, recorded: recorded.name } },
  )
}

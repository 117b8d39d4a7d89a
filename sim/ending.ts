/** The invariants of a whole log: after each crash, now and then, and at the end. */
import { foldJournal, type Journal, type JournalEntry } from '../src/kernel/journal.ts'
import { verifyRun } from '../src/runtime/replay/replay.ts'
import { checkCollector } from './collector.ts'
import { checkCourier } from './courier.ts'
import { checkDeadLetters } from './dead-letters.ts'
import { checkDeskAtEnd } from './desk.ts'
import { type Ending, mismatch } from './expectation.ts'
import { Violation } from './invariants/invariant.ts'
import type { SimProcess } from './process.ts'
import type { Simulation } from './simulation.ts'
import { FLAVOURS, type TreeInput } from './workflow.ts'

/**
 * What was acknowledged is there, the projections are what the log says and, unless only tables are asked for, the
 * chain verifies. @throws Violation
 */
export function checkLog(
  simulation: Simulation,
  process: SimProcess,
  depth: 'tables' | 'chain' = 'chain',
): void {
  simulation.tally.add('check of the whole log')
  for (const [position, text] of simulation.acknowledged) {
    if (simulation.watch.texts[position - 1] === text) continue
    throw new Violation('acknowledged-is-kept', `${text} was acknowledged, and is not there`)
  }
  for (const { what, holds } of simulation.callers.told) {
    if (!holds(process) && !simulation.watch.persons.isGone(what))
      throw new Violation('acknowledged-is-kept', `${what} was acknowledged, and is not so`)
  }
  if (depth === 'chain') {
    const events = verified(process)
    simulation.look()
    if (events !== simulation.watch.position) throw new Violation('gapless', `${events} events verify`)
  }
  checkEvidence(simulation, process)
  const drifted = simulation.drifted()
  if (drifted.length > 0)
    throw new Violation('projections-live', `${drifted.join(', ')} are not what the log says`)
}

/** What levels are earned and lost by, and what is told of items that are known to be bad, is what the log tells. */
function checkEvidence({ watch }: Simulation, { hf }: SimProcess): void {
  if (watch.levels === null) return
  for (const standing of hf.autonomy.standings()) {
    const { agent, action, reviews, errors } = standing
    const [answers, wrong] = watch.levels.countOf(standing)
    if (reviews !== answers || errors !== wrong)
      throw new Violation(
        'levels-counted',
        `${agent} ${action} counts ${errors} errors of ${reviews}, not ${wrong} of ${answers}`,
      )
  }
  const { checks, caught, missed } = hf.autonomy.vigilance()
  const told = watch.items.told
  const found = [checks, caught, ...missed.map(({ review }) => review).sort()].join(' ')
  const expected = [told.caught + told.missed.length, told.caught, ...told.missed.toSorted()].join(' ')
  if (found !== expected) throw new Violation('items-told', `${found} is told of items, and is ${expected}`)
}

function verified(process: SimProcess): number {
  try {
    return process.log.verify().events
  } catch (error) {
    throw new Violation('chain-verifies', String(error))
  }
}

/** Every so often the log folds its tables anew by itself; else what was folded as it grew stands for that. */
const ANEW = 4

function checkAnew({ log }: SimProcess): void {
  const { differing } = log.rebuild({ replace: false })
  if (differing.length > 0)
    throw new Violation('projections-live', `${differing.join(', ')} differ when rebuilt`)
}

interface RunRow {
  readonly id: string
  readonly status: string
}

/** @throws Violation */
export async function checkEnd(simulation: Simulation): Promise<void> {
  const { process } = simulation
  simulation.look()
  checkLog(simulation, process)
  if (simulation.seed % ANEW === 0) checkAnew(process)
  const runs = process.log.tables.all<RunRow>('SELECT id, status FROM runs ORDER BY position')
  const journals = new Map(runs.map(({ id }) => [id, foldJournal(id, process.log.readStream(`run/${id}`))]))
  for (const run of runs) {
    simulation.tally.add(`run: ${run.status}`)
    await checkRun(simulation, process, run, journals)
  }
  simulation.watch.end()
  const { touched } = simulation.watch.erasures
  for (const journal of journals.values())
    if (!journal.erased && !touched.has(journal.run)) checkEffects(simulation, journal)
  await checkCollector(simulation)
  checkCourier(process)
  await checkDeadLetters(simulation)
  await checkDeskAtEnd(process)
  countFindings(simulation)
  for (const { id } of simulation.plan.runs) {
    if (!runs.some((run) => run.id === id)) throw new Violation('everything-ends', `${id} was never begun`)
  }
}

function countFindings({ process, tally, watch }: Simulation): void {
  if (watch.anomalies === null) return
  const { caught, missed } = watch.items.told
  tally.add('known-bad item: caught', caught)
  tally.add('known-bad item: missed', missed.length)
  for (const { measure, severity } of process.hf.autonomy.anomalies.list({ all: true }))
    tally.add(`anomaly: ${measure} ${severity}`)
}

/** @param journals of all runs, as the log has them */
async function checkRun(
  simulation: Simulation,
  process: SimProcess,
  { id, status }: RunRow,
  journals: ReadonlyMap<string, Journal>,
): Promise<void> {
  const { runs, touched } = simulation.watch.erasures
  if (runs.has(id) || touched.has(id)) return
  const { start = null, end = null } = journals.get(id) ?? {}
  if (end === null || start === null) {
    const last = process.runtime.lastEvent(id)
    throw new Violation(
      'everything-ends',
      `${id} is ${status} after ${last?.kind} ${JSON.stringify(last?.body)}`,
    )
  }
  const report = await verifyRun(process.log, process.runtime.workflows, id).catch((error) => {
    // A run that it has called, or an event that it has published, was erased before it.
    if (simulation.watch.erasures.positions.size > 0 && error.code === 'BODY_ERASED') return null
    throw error
  })
  if (report !== null && report.verdict !== 'same') {
    throw new Violation('replays', `${id}: ${report.verdict} ${JSON.stringify(report.divergence)}`)
  }
  if (!(FLAVOURS as readonly string[]).includes(start.workflow)) return
  const { tree, path, left, onParentClose } = start.input as unknown as TreeInput
  if (onParentClose !== undefined && start.parent?.onParentClose !== onParentClose)
    throw new Violation('children-close', `${id} is bound otherwise than was asked for`)
  if (end.status === 'continued') {
    if (left > 0) return
    throw new Violation('as-expected', `${id} was continued`)
  }
  const ending: Ending =
    end.status === 'completed' ? { ok: true, value: end.output } : { ok: false, code: end.error.code }
  if (end.status === 'cancelled') {
    const { parent } = start
    if (isCancelled(simulation, id)) return
    // A called child that is still open when its parent ends is cancelled.
    const above = parent?.onParentClose === 'cancel' ? journals.get(parent.run) : undefined
    if (above !== undefined && (above.end !== null || above.erased)) return
    throw new Violation('as-expected', `${id} was cancelled by nobody`)
  }
  if (left > 0) throw new Violation('as-expected', `${id} ended, and was to go on as the next run`)
  const wrong = mismatch(tree, path, ending)
  if (wrong !== null) throw new Violation('as-expected', wrong)
}

/** It, or another of its chain. */
function isCancelled({ callers }: Simulation, run: string): boolean {
  const first = run.replace(/~\d+$/, '')
  return [...callers.cancelled].some((one) => first === one.replace(/~\d+$/, ''))
}

/** What is on record of each effect is what happened outside. */
function checkEffects(simulation: Simulation, { run, entries }: Journal): void {
  const { world, watch } = simulation
  for (const entry of entries.values()) {
    if (entry.type === 'undo' && entry.settled?.outcome.ok) checkUndone(simulation, entry)
    if (entry.type !== 'effect' || entry.opened?.operation === undefined) continue
    const path = String((entry.opened.input as { path?: string } | undefined)?.path)
    const done = world.done.get(path)
    const operation = String(entry.opened.operation)
    const isUnknown = watch.isUnknown(run, entry.name)
    const outcome = entry.settled?.outcome
    if (outcome?.ok && done === undefined) {
      throw new Violation('effect-record', `${operation} ${path} succeeded on record, and was not done`)
    }
    if (done === undefined || operation === 'world.read') continue
    if (done.times > 1 && !isUnknown) {
      throw new Violation(
        'effect-once',
        `${operation} ${path} was done ${done.times} times without a word of it`,
      )
    }
    if (outcome === undefined && !isUnknown) {
      throw new Violation('effect-record', `${operation} ${path} was done, and the record is silent`)
    }
    if (outcome?.ok === false && !isUnknown) {
      throw new Violation('effect-record', `${operation} ${path} was done, and failed on record`)
    }
  }
}

function checkUndone({ world }: Simulation, { name, opened }: JournalEntry): void {
  const { input } = (opened?.input ?? {}) as unknown as { input: { path: string } }
  if ((world.done.get(input.path)?.undone ?? 0) > 0) return
  throw new Violation('effect-record', `${name} succeeded on record, and nothing was taken back`)
}

/** The operator at the dead letters: mends what was wrong with a run, or does not, and retries or discards it. */
import { foldJournal } from '../src/kernel/journal.ts'
import { RUNS_FAILED } from '../src/runtime/alert-index.ts'
import type { Callers } from './callers.ts'
import type { Chance } from './chance.ts'
import { Violation } from './invariants/invariant.ts'
import type { Simulation } from './simulation.ts'
import { pathsOf } from './tree.ts'
import { FLAVOURS, type TreeInput } from './workflow.ts'

/** How often, when all else is over, what is dead is retried once more. */
const LAST_ROUNDS = 2

export class DeadLetterDesk {
  readonly #around: Simulation
  readonly #callers: Callers
  readonly #chance: Chance
  #rounds = 0

  constructor(around: Simulation, callers: Callers, chance: Chance) {
    this.#around = around
    this.#callers = callers
    this.#chance = chance
  }

  /** Mostly one of the list; now and then any run, which may rightly be refused. */
  #any(): string | null {
    const { hf } = this.#around.process
    const dead = hf.deadLetters.list().runs
    if (this.#chance.happens(0.1)) return this.#callers.anyRun()
    return dead[this.#chance.whole(0, Math.max(0, dead.length - 1))]?.run ?? null
  }

  retry(run = this.#any()): void {
    if (run === null) return
    if (this.#chance.happens(0.6)) this.#mend(run)
    const from = this.#chance.happens(0.2) ? this.#anyOperation(run) : undefined
    this.#around.tally.add(from === undefined ? 'run: retried' : 'run: retried from an operation')
    this.#callers.ask(`retry of ${run}${from === undefined ? '' : ` from ${from}`}`, async ({ hf, log }) => {
      const { run: last } = await hf.deadLetters.retry(run, from === undefined ? {} : { from })
      this.#around.tally.add('run: reopened')
      const times = log.readStream(`run/${last}`).filter(({ kind }) => kind === 'run.reopened').length
      return (now) =>
        now.log.readStream(`run/${last}`).filter(({ kind }) => kind === 'run.reopened').length >= times
    })
  }

  discard(run = this.#any()): void {
    if (run === null) return
    this.#around.tally.add('run: discarded')
    this.#callers.ask(`discarding of ${run}`, async ({ hf }) => {
      await hf.deadLetters.discard(run, 'it is of no use')
      return ({ log }) => log.readStream(`run/${run}`).some(({ kind }) => kind === 'run.discarded')
    })
  }

  /** When all has ended: what is dead is retried. False when there is nothing left to try. */
  retryAll(): boolean {
    const { plan, process } = this.#around
    if (plan.deeds['retry run'] === 0 || this.#rounds === LAST_ROUNDS) return false
    this.#rounds += 1
    const dead = process.hf.deadLetters.list().runs.filter(() => this.#chance.happens(0.5))
    for (const { run } of dead) this.retry(run)
    return dead.length > 0
  }

  #inputOf(run: string): TreeInput | null {
    const { start } = foldJournal(run, this.#around.process.log.readStream(`run/${run}`))
    const isTree = start !== null && (FLAVOURS as readonly string[]).includes(start.workflow)
    return isTree ? (start.input as unknown as TreeInput) : null
  }

  /** What only fails for as long as it is not mended, does so no more. */
  #mend(run: string): void {
    const input = this.#inputOf(run)
    if (input === null) return
    for (const path of pathsOf(input.tree, input.path, 'oops')) this.#around.mended.add(path)
  }

  #anyOperation(run: string): string | undefined {
    const names = [...foldJournal(run, this.#around.process.log.readStream(`run/${run}`)).entries.keys()]
    return names[this.#chance.whole(0, Math.max(0, names.length - 1))]
  }
}

/** The list and the alerts are what follows from the log. @throws Violation */
export async function checkDeadLetters({ process, watch }: Simulation): Promise<void> {
  const { hf } = process
  await hf.deadLetters.idle()
  const listed = hf.deadLetters.list().runs.map(({ run }) => run)
  const { dead, workflows } = watch.reopenings
  if (listed.join(' ') !== dead.join(' '))
    throw new Violation('dead-letters', `${listed.join(' ')} are listed instead of ${dead.join(' ')}`)
  const alerts = hf.alerts().flatMap(({ alert, subject }) => (alert === RUNS_FAILED ? [subject] : []))
  if (alerts.sort().join(' ') !== workflows.join(' '))
    throw new Violation(
      'dead-letters',
      `alerts tell of ${alerts.join(' ')} instead of ${workflows.join(' ')}`,
    )
}

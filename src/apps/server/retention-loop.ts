/** Erases what is due when the process starts and once an hour, a few runs at a time between other work. */
import { toErrorRecord } from '../../kernel/errors.ts'
import type { Clock } from '../../ports/clock.ts'
import type { CommandIo } from '../commands/command.ts'
import { retainIn } from '../commands/retain.ts'
import type { Workspace } from '../workspace.ts'

const EVERY_MS = 3_600_000

export class RetentionLoop {
  readonly #workspace: Pick<Workspace, 'dir' | 'log' | 'env'>
  readonly #clock: Clock
  readonly #io: Pick<CommandIo, 'note' | 'signal'>
  readonly #told = new Set<string>()
  /** The round under way. */
  done: Promise<void> = Promise.resolve()

  constructor(
    workspace: Pick<Workspace, 'dir' | 'log' | 'env'>,
    clock: Clock,
    io: Pick<CommandIo, 'note' | 'signal'>,
  ) {
    this.#workspace = workspace
    this.#clock = clock
    this.#io = io
  }

  /** Returns a function that ends it; the round under way stops after the runs it is at. */
  start(): () => void {
    let callOff = () => {}
    const round = (): void => {
      this.done = this.#round()
      callOff = this.#clock.after(EVERY_MS, round)
    }
    round()
    return () => callOff()
  }

  /** What fails is told once, and tried again in an hour. */
  async #round(): Promise<void> {
    const { signal } = this.#io
    const note = (line: string): void => this.#io.note(line)
    try {
      const { runs, backups } = await retainIn(this.#workspace, { dryRun: false, signal })
      if (runs > 0) note(`Erased by the rules of retention: what ${runs} finished runs held.`)
      const { destroyed, unreached } = backups
      if (destroyed.length > 0) note(`Backups that can't be read any more: ${destroyed.join(', ')}.`)
      for (const { id, folder } of unreached)
        this.#trouble(`The key of backup ${id} is due and not in ${folder}.`)
    } catch (error) {
      const { code, message } = toErrorRecord(error, 'UNEXPECTED')
      this.#trouble(`What is due can't be erased: ${code}: ${message}`)
    }
  }

  #trouble(line: string): void {
    if (!this.#told.has(line)) this.#io.note(line)
    this.#told.add(line)
  }
}

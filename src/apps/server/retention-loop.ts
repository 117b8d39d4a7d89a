/** Erases what is due when the process starts and once an hour, a few runs at a time between other work. */
import { toErrorRecord } from '../../kernel/errors.ts'
import type { Clock } from '../../ports/clock.ts'
import type { CommandIo } from '../commands/command.ts'
import { retainIn } from '../commands/retain.ts'
import type { Workspace } from '../workspace.ts'

const EVERY_MS = 3_600_000

export class RetentionLoop {
  readonly #workspace: Pick<Workspace, 'dir' | 'log'>
  readonly #clock: Clock
  readonly #io: Pick<CommandIo, 'note' | 'signal'>
  #lastTrouble = ''
  /** The round under way. */
  done: Promise<void> = Promise.resolve()

  constructor(
    workspace: Pick<Workspace, 'dir' | 'log'>,
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
    const { dir, log } = this.#workspace
    try {
      const { runs } = await retainIn({ dir, log, dryRun: false, signal: this.#io.signal })
      if (runs > 0) this.#io.note(`Erased by the rules of retention: what ${runs} finished runs held.`)
    } catch (error) {
      const { code, message } = toErrorRecord(error, 'UNEXPECTED')
      const line = `What is due can't be erased: ${code}: ${message}`
      if (line !== this.#lastTrouble) this.#io.note(line)
      this.#lastTrouble = line
    }
  }
}

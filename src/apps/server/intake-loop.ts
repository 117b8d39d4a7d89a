/** Takes mail in whenever some may have come, one round after the other. */
import { toErrorRecord } from '../../kernel/errors.ts'
import type { CommandIo } from '../commands/command.ts'
import type { MailIn } from '../mail-in.ts'
import type { Workspace } from '../workspace.ts'
import type { NewsDesk } from './news-desk.ts'

export class IntakeLoop {
  readonly #workspace: Workspace
  readonly #mailIn: MailIn
  readonly #io: CommandIo
  readonly #desk: NewsDesk
  #busy = false
  #again = false
  #lastTrouble = ''
  /** The rounds under way. */
  done: Promise<void> = Promise.resolve()

  constructor(workspace: Workspace, mailIn: MailIn, io: CommandIo, desk: NewsDesk) {
    this.#workspace = workspace
    this.#mailIn = mailIn
    this.#io = io
    this.#desk = desk
  }

  /** Returns a function that ends it; the round under way stops after the mail it is at. */
  watch(): () => void {
    const end = this.#workspace.inbox?.watch(() => this.#nudge()) ?? (() => {})
    this.#nudge()
    return end
  }

  #nudge(): void {
    this.#again = true
    if (!this.#busy) this.done = this.#rounds()
  }

  async #rounds(): Promise<void> {
    this.#busy = true
    while (this.#again && !this.#io.signal.aborted) {
      this.#again = false
      await this.#round()
    }
    this.#busy = false
  }

  /** What fails is told once, and tried again with the next mail or the next look at the folder. */
  async #round(): Promise<void> {
    const release = this.#desk.hold()
    try {
      const taken = await this.#mailIn.take(this.#io)
      release(taken)
      const unread = taken?.problems.find(({ kept }) => !kept)
      if (unread) this.#sayOnce(`Can't be read, and is tried again: ${unread.error}`)
    } catch (error) {
      release(null)
      const { code, message } = toErrorRecord(error, 'UNEXPECTED')
      this.#sayOnce(`Mail can't be taken in: ${code}: ${message}`)
    }
  }

  #sayOnce(line: string): void {
    if (line !== this.#lastTrouble) this.#io.note(line)
    this.#lastTrouble = line
  }
}

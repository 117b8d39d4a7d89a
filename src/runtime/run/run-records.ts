/**
 * What of one run is on record: its journal, what is on its way to the log, and the hand-over of outcomes to
 * the code. Once let go of, it writes nothing more and hands over nothing more.
 */

import { HoldfastError } from '../../kernel/errors.ts'
import type { NewEvent, StoredEvent } from '../../kernel/event.ts'
import {
  applyToJournal,
  foldJournal,
  type Journal,
  type RunEnd,
  type RunStatus,
} from '../../kernel/journal.ts'
import { OpenReservations } from '../../kernel/reservation.ts'
import { runStream } from '../../kernel/run-stream.ts'
import type { StreamAppend } from '../../ports/event-log.ts'
import { hasEnded, isClosed } from '../run-errors.ts'
import { Handover } from './handover.ts'
import type { JointAppend } from './joint-append.ts'
import { never } from './never.ts'
import { RunWriter, type When, type WriterHost, type Written } from './run-writer.ts'

const NONE: readonly NewEvent[] = []

export interface Begun {
  /** The `run.started` of a bounded run that goes to the log with its first durable record. Default: it is there. */
  readonly unsaved?: NewEvent
  /** The stream of the run, for who has it at hand. Default: it is read. */
  readonly events?: readonly StoredEvent[]
}

export interface RunRecordsOptions {
  readonly host: WriterHost
  readonly run: string
  readonly status: RunStatus
  readonly begun: Begun
  /** The code has come to rest. */
  readonly onRest: () => void
  /** The end of the run is durable, or a record was refused. */
  readonly onOver: (failure?: unknown) => void
}

export class RunRecords {
  readonly run: string
  readonly journal: Journal
  readonly handover: Handover
  readonly writer: RunWriter
  readonly #log: WriterHost['log']
  readonly #onOver: (failure?: unknown) => void
  /** Made when somebody waits for it. */
  #over: PromiseWithResolvers<RunEnd> | null = null
  /** Put on record before anything else. */
  readonly #notes: NewEvent[] = []
  /** Where the log ended, and one more, when something from outside was first in the journal: nothing of it came before. */
  outsideNoted: number | null = null
  #isLetGo = false
  /** Why it was let go of, if by a failure. */
  #failure: Error | null = null

  /** @throws RUN_NOT_FOUND, BODY_ERASED */
  constructor({ host, run, status, begun, onRest, onOver }: RunRecordsOptions) {
    const time = host.clock.now()
    const { unsaved, events = unsaved ? [] : host.log.readStream(runStream(run)) } = begun
    this.run = run
    this.#log = host.log
    this.journal = foldJournal(run, unsaved ? [{ ...unsaved, version: 1, time }] : events)
    if (this.journal.start === null) {
      const code = this.journal.erased ? 'BODY_ERASED' : 'RUN_NOT_FOUND'
      throw new HoldfastError(code, `Run ${run} can't be read`, { details: { run } })
    }
    this.writer = new RunWriter(host, this.journal, status, OpenReservations.of(events))
    if (unsaved) this.writer.beginWith(unsaved, time)
    this.handover = new Handover(this.journal, onRest)
    this.#noteOutside()
    this.#onOver = onOver
  }

  /** The end of the run once that is durable; rejects when it is let go of before. To be asked for before that. */
  get over(): Promise<RunEnd> {
    this.#over ??= Promise.withResolvers()
    return this.#over.promise
  }

  /** Whether anything of the run is in the log, or on its way there. */
  get isSaved(): boolean {
    return this.writer.isSaved
  }

  get isLetGo(): boolean {
    return this.#isLetGo
  }

  /** To go on record with what is written next, before it. */
  note(event: NewEvent): void {
    this.#notes.push(event)
  }

  takeNotes(): readonly NewEvent[] {
    return this.#notes.length === 0 ? NONE : this.#notes.splice(0)
  }

  /** Resolves once durable, with whether the run goes on here. @throws RUN_ENDED, or why it was let go of */
  write(
    events: readonly NewEvent[],
    others: readonly StreamAppend[] = [],
    when: When = 'now',
    joint?: JointAppend,
  ): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.#write(events, others, when, resolve, reject, joint)
    })
  }

  /** As `write`; `onDurable` is called when the run then goes on here. */
  put(
    events: readonly NewEvent[],
    others: readonly StreamAppend[],
    when: When,
    onDurable?: () => void,
  ): void {
    if (this.#isLetGo || this.writer.isEnding) return
    this.#write(events, others, when, (goesOn) => {
      if (goesOn) onDurable?.()
    })
  }

  /** @throws RUN_ENDED, or why it was let go of */
  #write(
    events: readonly NewEvent[],
    others: readonly StreamAppend[],
    when: When,
    onDurable: (goesOn: boolean) => void,
    onRefused?: (error: unknown) => void,
    joint?: JointAppend,
  ): void {
    if (this.#isLetGo) throw this.#failure ?? isClosed(this.run)
    if (this.writer.isEnding) throw hasEnded(this.run)
    const noted = when === 'at-end' || this.#notes.length === 0 ? events : [...this.takeNotes(), ...events]
    const told = (failure: unknown): void => {
      if (failure === null) onDurable(this.#isDurable(written))
      else {
        this.#onOver(failure)
        onRefused?.(failure)
      }
    }
    const written = this.writer.write(noted, others, when, told, joint)
    for (const event of written.events) {
      applyToJournal(this.journal, event)
      this.#noteOutside()
      const name = String(event.body?.name ?? '')
      const { settled } = this.journal.entries.get(name) ?? {}
      if (settled?.version === event.version) this.handover.deliver(name, event.version)
    }
  }

  #noteOutside(): void {
    if (this.journal.outside.version !== null) this.outsideNoted ??= this.#log.head().position + 1
  }

  /** Whether the run goes on here, now that this is durable. */
  #isDurable(written: Written): boolean {
    if (this.#isLetGo) return false
    if (written.isEnd) this.#onOver()
    return true
  }

  /** As `write`, but never resolves when the run does not go on here. */
  async writeOn(events: readonly NewEvent[], others: readonly StreamAppend[], when: When): Promise<void> {
    const goesOn = await this.write(events, others, when).catch(() => false)
    if (!goesOn) await never()
  }

  letGo(failure?: unknown): void {
    this.#isLetGo = true
    this.#failure = failure instanceof Error ? failure : null
    this.handover.stop()
    if (this.journal.end && failure === undefined) this.#over?.resolve(this.journal.end)
    else this.#over?.reject(failure ?? isClosed(this.run))
  }
}

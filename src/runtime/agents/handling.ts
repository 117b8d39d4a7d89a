/** Handles events of one key in order: as folds as far as that goes, then by a run. Decides only what to append. */

import { type AnyAgent, handlingRun, instanceStream } from '../../kernel/agent.ts'
import { carry, labelAfter, SNAPSHOT_RULE } from '../../kernel/agent-state.ts'
import { HoldfastError, toErrorRecord } from '../../kernel/errors.ts'
import type { NewEvent, StoredEvent } from '../../kernel/event.ts'
import type { JsonObject } from '../../kernel/json.ts'
import { SYSTEM } from '../../kernel/label.ts'
import { earliest, outsideSince, sinceBody } from '../../kernel/outside.ts'
import { runStream } from '../../kernel/run-stream.ts'
import type { ReceivedEvent } from '../../kernel/workflow.ts'
import type { Clock } from '../../ports/clock.ts'
import type { EventLog, StreamAppend } from '../../ports/event-log.ts'
import type { RunToStart } from '../life/run-start.ts'
import type { Switch } from '../life/switches.ts'
import { shortHash } from '../replay/hashes.ts'
import { recordJson } from '../run-errors.ts'
import { type Folding, fold, NEEDS_RUN } from './fold.ts'
import type { Instance, InstanceRow, Instances } from './instances.ts'
import { lifecycleEvent, setAsideEvent, setAsideParts } from './records.ts'

/** A published event; `received` is null once its body was erased. */
export interface Arrival {
  readonly event: StoredEvent
  readonly received: ReceivedEvent | null
}

export interface Handled {
  readonly parts: readonly StreamAppend[]
  /** The instance once the parts are durable; null when it is not free for the next event. */
  readonly next: Instance | null
  /** What is still to be handled, the first of it perhaps by the run that begins. */
  readonly left: readonly Arrival[]
}

/** The `run.started` of a handling, to be appended with the rest. */
export type StartHandling = (
  start: Pick<RunToStart, 'run' | 'input' | 'label' | 'externalSince'>,
) => StreamAppend

/** Whether the agent is on for a key. */
export type SwitchOf = (key: string) => Promise<Switch>

/** Folds after which other work gets its turn; or this much time. */
const FOLDS_A_TURN = 256
const TURN_MS = 8

export class Handling {
  readonly #agent: AnyAgent
  readonly #log: EventLog
  readonly #clock: Clock
  readonly #instances: Instances
  readonly #start: StartHandling
  readonly #switch: SwitchOf
  #folding: Folding | null = null
  #watched: Folding | null = null
  #watching = false
  #folds = 0
  #turnBegan = 0

  constructor(
    agent: AnyAgent,
    log: EventLog,
    clock: Clock,
    instances: Instances,
    { start, switched }: { readonly start: StartHandling; readonly switched: SwitchOf },
  ) {
    this.#agent = agent
    this.#log = log
    this.#clock = clock
    this.#instances = instances
    this.#start = start
    this.#switch = switched
  }

  /** @param waited whether they come from the mailbox, where they are the first */
  async handle(key: string, arrivals: readonly Arrival[], waited: boolean): Promise<Handled> {
    const instance = this.#instances.resident(key) ?? (await this.#load(key, waited))
    if (instance === null) return { parts: [], next: null, left: arrivals }
    if ('quarantine' in instance) return { parts: [instance.quarantine], next: null, left: arrivals }
    const { off, parts } = await this.#switch(key)
    if (off !== null) return this.#switchedOff(instance, arrivals, off, parts)
    const { state, label, externalSince, count } = await this.#fold(instance, arrivals)
    const left = arrivals.slice(count)
    const events: NewEvent[] = []
    let next: Instance = instance
    if (count > 0) {
      const { carrier, since } = carry(
        instance.since === null ? null : { state: instance.state, since: instance.since },
        state,
        count,
        { ...SNAPSHOT_RULE, ...this.#agent.snapshot },
      )
      const handled = instance.handled + count
      const from = arrivals[0]?.event.position ?? 0
      events.push({
        kind: 'agent.handled',
        actor: this.#actor,
        label,
        cause: arrivals[count - 1]?.event.position ?? null,
        body: {
          version: this.#agent.version,
          from,
          count,
          handled,
          ...(waited ? { waited } : {}),
          ...sinceBody(externalSince),
          ...carrier,
        },
      })
      next = { ...instance, state, label, externalSince, handled, since, version: instance.version + 1 }
    }
    const [first] = left
    if (first === undefined) return { parts: [this.#part(instance, events), ...parts], next, left }
    const handedOver = this.#handOver(next, first, events, instance, left)
    return { ...handedOver, parts: [...handedOver.parts, ...parts] }
  }

  /** What a flag keeps from the agent is set aside, and is no trouble that the operator should be told of. */
  #switchedOff(
    instance: Instance,
    arrivals: readonly Arrival[],
    off: HoldfastError,
    parts: readonly StreamAppend[],
  ): Handled {
    const error = recordJson(toErrorRecord(off))
    const agent = this.#agent.name
    const events = arrivals.map(({ event: { position } }) =>
      setAsideEvent({ agent, position, run: null, error }),
    )
    return { parts: [this.#part(instance, events), ...parts], next: null, left: [] }
  }

  /** What no fold can do: a run does it; an event without its body nobody can. */
  #handOver(
    { key, state, label, externalSince }: Instance,
    { event, received }: Arrival,
    events: readonly NewEvent[],
    instance: Instance,
    left: readonly Arrival[],
  ): Handled {
    const { position } = event
    if (received === null) {
      const erased = new HoldfastError('BODY_ERASED', `The body of event ${position} was erased`)
      const [own, ...others] = setAsideParts({
        agent: this.#agent.name,
        key,
        position,
        run: null,
        error: recordJson(toErrorRecord(erased)),
      })
      const parts = [this.#part(instance, [...events, ...(own?.events ?? [])]), ...others]
      return { parts, next: null, left: left.slice(1) }
    }
    const run = this.#freeRun(key, position)
    const began: NewEvent = {
      kind: 'agent.began',
      actor: this.#actor,
      label: SYSTEM,
      cause: position,
      correlation: run,
      body: { run },
    }
    const input: JsonObject = { event: received as unknown as JsonObject, state }
    const started = this.#start({
      run,
      input,
      label: labelAfter(label, event.label, `agent:${this.#agent.name}/${key}`),
      externalSince: earliest(externalSince, outsideSince(event)),
    })
    return { parts: [this.#part(instance, [...events, began]), started], next: null, left }
  }

  get #actor(): string {
    return `agent:${this.#agent.name}`
  }

  #part({ key, version }: Instance, events: readonly NewEvent[]): StreamAppend {
    return { stream: instanceStream(this.#agent.name, key), expectedVersion: version, events }
  }

  #freeRun(key: string, position: number): string {
    for (let time = 1; ; time += 1) {
      const run = handlingRun(this.#agent.name, key, position, time)
      if (this.#log.versionOf(runStream(run)) === 0) return run
    }
  }

  /** null while it is not free; its quarantine, to be appended, when its state can't be used. */
  async #load(
    key: string,
    waited: boolean,
  ): Promise<Instance | { readonly quarantine: StreamAppend } | null> {
    const row = this.#instances.row(key)
    if (row !== undefined && isBusy(row, waited)) return null
    try {
      return await this.#instances.load(key, row)
    } catch (error) {
      const { code, message } = toErrorRecord(error)
      const change = { lifecycle: 'quarantined', reason: `${code}: ${message}` } as const
      const events = [lifecycleEvent(change, { actor: 'runtime', label: SYSTEM })]
      return {
        quarantine: {
          stream: instanceStream(this.#agent.name, key),
          expectedVersion: row?.version ?? 0,
          events,
        },
      }
    }
  }

  /** As many of them as are folds. */
  async #fold(
    instance: Instance,
    arrivals: readonly Arrival[],
  ): Promise<Pick<Instance, 'state' | 'label' | 'externalSince'> & { readonly count: number }> {
    const { key } = instance
    let { state, label, externalSince } = instance
    let count = 0
    for (const { event, received } of arrivals) {
      if (received === null) break
      if (this.#isLong()) await this.#breathe()
      const run = handlingRun(this.#agent.name, key, event.position)
      const seed = (): string => shortHash(`${this.#log.id}\n${run}`, 16)
      const folding = fold(this.#agent, received, state, { run, seed })
      this.#watch(folding)
      const folded = await folding.done
      if (folded === NEEDS_RUN) break
      state = folded
      label = labelAfter(label, event.label, `agent:${this.#agent.name}/${key}`)
      externalSince = earliest(externalSince, outsideSince(event))
      count += 1
    }
    this.#folding = null
    return { state, label, externalSince, count }
  }

  /** Whether it is time that other work gets its turn. */
  #isLong(): boolean {
    this.#folds += 1
    return this.#folds >= FOLDS_A_TURN || this.#clock.now() - this.#turnBegan >= TURN_MS
  }

  async #breathe(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve))
    this.#folds = 0
    this.#turnBegan = this.#clock.now()
  }

  /** A fold needs nothing but its own turn; one that has not come back after two waits for something else. */
  #watch(folding: Folding): void {
    this.#folding = folding
    if (this.#watching) return
    this.#watching = true
    const look = (): void => {
      if (this.#folding === null) {
        this.#watching = false
        return
      }
      if (this.#folding === this.#watched) this.#folding.giveUp()
      this.#watched = this.#folding
      setImmediate(look)
    }
    setImmediate(look)
  }
}

function isBusy({ run, lifecycle, waiting }: InstanceRow, waited: boolean): boolean {
  return run !== null || lifecycle !== 'enabled' || (waiting > 0 && !waited)
}

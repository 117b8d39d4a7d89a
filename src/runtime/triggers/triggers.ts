/**
 * Starts runs by published events.
 *
 * Promises: each event of a trigger's kind, from when the trigger was first set, goes into one run,
 * `trigger/<name>/<position of the last event>`, exactly once, or is set aside with its error until somebody has
 * it tried again; also over crashes, and when the process was not there. While a trigger is paused, its events wait
 * in the log. Why: docs/decisions/0032-schedules-and-triggers.md
 */
import { HoldfastError, isHoldfastError } from '../../kernel/errors.ts'
import type { NewEvent } from '../../kernel/event.ts'
import type { JsonObject } from '../../kernel/json.ts'
import { OWNER, SYSTEM } from '../../kernel/label.ts'
import type { StreamAppend } from '../../ports/event-log.ts'
import { clearAlert } from '../alert-index.ts'
import { toReceived } from '../perform/publish.ts'
import { type Firing, type FiringHost, SET_ASIDE_ALERT, start } from './firing.ts'
import type { AnyTrigger } from './trigger.ts'
import {
  gatheredCount,
  type SetAsideEvents,
  setAsideOf,
  TRIGGER_STREAM,
  type TriggerRow,
  triggerRow,
  triggerRows,
} from './trigger-index.ts'
import { Watch } from './watch.ts'

export interface TriggerState {
  readonly name: string
  /** Kind of the events. */
  readonly on: string
  readonly workflow: string
  /** `absent`: on record, but not defined in this process. */
  readonly status: 'active' | 'paused' | 'absent'
  /** Also where it is absent. */
  readonly isPaused: boolean
  /** Runs that it has started. */
  readonly fired: number
  readonly lastRun: string | null
  readonly lastAt: number | null
  /** Events that wait for others, or for quiet. */
  readonly gathered: number
  readonly setAside: readonly SetAsideEvents[]
}

export class Triggers {
  readonly #host: FiringHost
  readonly #watches: ReadonlyMap<string, Watch>
  readonly #stopListening: () => void

  /** @throws INPUT_INVALID for two of one name, WORKFLOW_UNKNOWN */
  constructor(host: FiringHost, triggers: readonly AnyTrigger[]) {
    this.#host = host
    for (const { workflow } of triggers) host.workflows.get(workflow.name, workflow.version)
    this.#watches = new Map(triggers.map((trigger) => [trigger.name, new Watch(trigger, host)]))
    if (this.#watches.size < triggers.length)
      throw new HoldfastError('INPUT_INVALID', 'Two triggers have one name', {
        details: { names: triggers.map(({ name }) => name) },
      })
    this.#stopListening = host.log.onCommit((events) => {
      for (const watch of this.#watches.values()) watch.saw(events)
    })
  }

  /** Puts on record what is new, and goes on with what was published meanwhile. */
  async open(): Promise<void> {
    const parts = [...this.#watches.values()].flatMap(({ trigger }) => this.#definition(trigger))
    if (parts.length > 0) await this.#host.log.append(parts)
    for (const watch of this.#watches.values()) watch.wake()
  }

  #definition({ name, on, workflow }: AnyTrigger): StreamAppend[] {
    const { log } = this.#host
    const row = triggerRow(log.tables, name)
    if (row?.kind === on && row.workflow === workflow.name) return []
    const after = row?.kind === on ? row.cursor : log.head().position
    const body = { on, workflow: workflow.name, after }
    const event: NewEvent = { kind: 'trigger.set', actor: `trigger:${name}`, label: SYSTEM, body }
    return [
      {
        stream: TRIGGER_STREAM + name,
        expectedVersion: log.versionOf(TRIGGER_STREAM + name),
        events: [event],
      },
    ]
  }

  list(): TriggerState[] {
    return triggerRows(this.#host.log.tables).map((row) => this.#state(row))
  }

  #state(row: TriggerRow): TriggerState {
    const { name, kind: on, workflow, paused, fired, last_run: lastRun, last_at: lastAt } = row
    const { tables } = this.#host.log
    const status = !this.#watches.has(name) ? 'absent' : paused === 1 ? 'paused' : 'active'
    const gathered = gatheredCount(tables, name)
    return {
      name,
      on,
      workflow,
      status,
      isPaused: paused === 1,
      fired,
      lastRun,
      lastAt,
      gathered,
      setAside: setAsideOf(tables, name),
    }
  }

  /**
   * From when this resolves no run is started by it until it is resumed. What is published meanwhile is kept, and
   * delivered then. @throws TRIGGER_UNKNOWN
   */
  async pause(name: string): Promise<TriggerState> {
    if (this.#row(name).paused === 0) await this.#append(name, 'trigger.paused', {})
    return this.#state(this.#row(name))
  }

  /**
   * Goes on where it was paused: what came meanwhile starts its runs now, put together by the times at which it
   * came; with `skip` it is passed over, for good. What was gathered before the pause is handed over either way.
   * @throws TRIGGER_UNKNOWN
   */
  async resume(name: string, { skip = false }: { readonly skip?: boolean } = {}): Promise<TriggerState> {
    const isPaused = this.#row(name).paused === 1
    const body = skip ? { skipped: this.#host.log.head().position } : {}
    if (isPaused) await this.#append(name, 'trigger.resumed', body)
    this.#watches.get(name)?.wake()
    return this.#state(this.#row(name))
  }

  /** Whatever the stream holds: a batch that is being put on record is refused by it, and looked at anew. */
  async #append(name: string, kind: string, body: JsonObject): Promise<void> {
    const event: NewEvent = { kind, actor: 'operator', label: OWNER, body }
    await this.#host.log.append([{ stream: TRIGGER_STREAM + name, expectedVersion: 'any', events: [event] }])
  }

  #row(name: string): TriggerRow {
    const { tables } = this.#host.log
    const row = triggerRow(tables, name)
    if (row !== undefined) return row
    throw unknown(
      name,
      triggerRows(tables).map((one) => one.name),
    )
  }

  /**
   * Starts the run of the events that were set aside at this position; `run` is null when they are none of the
   * trigger's any more. Durable once this resolves.
   * @throws TRIGGER_UNKNOWN, EVENT_NOT_SET_ASIDE, or what the trigger's code throws: they stay set aside then
   */
  async retry(name: string, position: number): Promise<{ readonly run: string | null }> {
    const trigger = this.#watches.get(name)?.trigger
    if (trigger === undefined) throw unknown(name, [...this.#watches.keys()])
    const { positions } = this.#setAside(name, position)
    const { own, others } = await this.#again(trigger, positions)
    await this.#retried(name, position, positions, { own, others })
    return { run: own[0]?.correlation ?? null }
  }

  /** Unless somebody else has retried it meanwhile; what the trigger puts on record meanwhile does not matter. */
  async #retried(
    name: string,
    position: number,
    positions: readonly number[],
    { own, others }: Firing,
  ): Promise<void> {
    const { log } = this.#host
    const stream = TRIGGER_STREAM + name
    const body = { positions: [...positions] }
    const retried: NewEvent = {
      kind: 'trigger.retried',
      actor: 'operator',
      label: OWNER,
      cause: position,
      body,
    }
    for (;;) {
      this.#setAside(name, position)
      try {
        await log.append([
          { stream, expectedVersion: log.versionOf(stream), events: [retried, ...own] },
          ...others,
          clearAlert(SET_ASIDE_ALERT, `${name}@${position}`),
        ])
        return
      } catch (error) {
        if (!isHoldfastError(error) || error.code !== 'LOG_CONFLICT') throw error
      }
    }
  }

  #setAside(name: string, position: number): SetAsideEvents {
    const found = setAsideOf(this.#host.log.tables, name).find((one) => one.position === position)
    if (found !== undefined) return found
    throw new HoldfastError('EVENT_NOT_SET_ASIDE', `Trigger ${name} has not set event ${position} aside`, {
      details: { name, position },
      fix: 'List those set aside with `holdfast triggers`.',
    })
  }

  async #again(trigger: AnyTrigger, positions: readonly number[]): Promise<Firing> {
    const events = positions.flatMap((one) => this.#host.log.event(one) ?? [])
    const mine = events.filter((event) => event.body === null || trigger.where?.(toReceived(event)) !== false)
    if (mine.length === 0) return { own: [], others: [] }
    return await start(this.#host, trigger, { key: null, events: mine })
  }

  /** Resolves when no trigger looks at events; with whether one did. */
  async idle(): Promise<boolean> {
    let worked = false
    for (const watch of this.#watches.values()) if (await watch.idle()) worked = true
    return worked
  }

  /** Stops looking at events; what it has begun is on record when this resolves. */
  async close(): Promise<void> {
    await Promise.all([...this.#watches.values()].map((watch) => watch.close()))
    this.#stopListening()
  }
}

function unknown(name: string, known: readonly string[]): HoldfastError {
  return new HoldfastError(
    'TRIGGER_UNKNOWN',
    `There is no trigger ${name}; there ${known.length === 1 ? 'is' : 'are'} ${known.join(', ') || 'none'}`,
    { details: { name, known } },
  )
}

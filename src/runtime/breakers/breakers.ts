/**
 * The circuit breakers of this process, one for each connector, shared by all runs.
 *
 * - An opening, a probe and a closing are events on the stream `breaker/<connector>`; a restart goes on from
 *   there. Failures that have not opened it yet are counted in memory only: after a restart it takes as many
 *   again, and no attempt is made more often for that.
 * - While it is open, effects are held: on record in their runs, which park. When its time is over the one
 *   that was held first is woken, and whichever asks first is let through as the probe. A woken run that does
 *   not ask (cancelled, stalled) is followed by the next one.
 * - A probe that is not heard of again, because its run was dropped or the process ended, was in vain.
 * - On closing, all that were held are woken in order, some at a time, through the queue of the runtime.
 *
 * Why: docs/decisions/0019-circuit-breakers.md
 */

import { countedFailures, openForMs } from '../../kernel/breaker.ts'
import { durationMs } from '../../kernel/duration.ts'
import { HoldfastError, toErrorRecord } from '../../kernel/errors.ts'
import type { NewEvent, StoredEvent } from '../../kernel/event.ts'
import type { JsonObject } from '../../kernel/json.ts'
import { OWNER, SYSTEM } from '../../kernel/label.ts'
import { runOf } from '../../kernel/run-stream.ts'
import type { Clock } from '../../ports/clock.ts'
import type { EventLog, StreamAppend } from '../../ports/event-log.ts'
import type { Gate } from '../../ports/gate.ts'
import { clearAlert, raiseAlert } from '../alert-index.ts'
import { timeIsUp } from '../perform/receive.ts'
import type { Execution } from '../run/execution.ts'
import { recordJson } from '../run-errors.ts'
import type { Pager } from '../scheduler/pager.ts'
import { heldEffects, listBreakers } from './breaker-index.ts'

/** Leave to ask the outside once. */
export interface Pass {
  readonly connector: string
  readonly isProbe: boolean
  /** To be put on record together with the intent. */
  readonly records: readonly StreamAppend[]
}

/**
 * up: the outside answered, if only to refuse. down: it did not answer, or said that it can't serve. unclear:
 * neither. unused: it was not asked after all.
 */
export type Heard = 'up' | 'down' | 'unclear' | 'unused'

interface Breaker {
  status: 'closed' | 'open' | 'probing'
  /** Times of the failures in a row while it is closed. */
  failures: readonly number[]
  times: number
  /** Whether the next effect that asks is the probe. */
  isDue: boolean
  /** Position of the held effect that was woken last to probe. */
  poked: number
  callOff: () => void
}

/** After it, another held effect is woken to probe. */
const POKE_MS = 10_000
/** A probe may take this much longer than an attempt of its operation. */
const GRACE_MS = 30_000
/** Held effects that are woken in one turn. */
const PAGE = 50
const HELD: ReadonlySet<string> = new Set(['effect.held', 'undo.held'])
const ALERT = 'connector-down'

export interface BreakerHost {
  readonly log: EventLog
  readonly gate: Gate
  readonly clock: Clock
  wake(run: string, wake: (execution: Execution) => void): void
}

export class Breakers {
  readonly #host: BreakerHost
  readonly #log: EventLog
  readonly #gate: Gate
  readonly #clock: Clock
  readonly #pager: Pager
  #stopListening: () => void = () => {}
  readonly #breakers = new Map<string, Breaker>()
  #running = false

  constructor(host: BreakerHost, pager: Pager) {
    this.#host = host
    this.#log = host.log
    this.#gate = host.gate
    this.#clock = host.clock
    this.#pager = pager
    for (const { connector, status, times } of listBreakers(this.#log.tables)) {
      const breaker = this.#of(connector)
      breaker.times = times
      breaker.status = status === 'closed' ? 'closed' : 'open'
    }
  }

  /** Goes on where the process before left off. */
  start(): void {
    this.#running = true
    this.#stopListening = this.#log.onCommit((events) => this.#onCommit(events))
    for (const { connector, status, until } of listBreakers(this.#log.tables)) {
      if (status === 'closed') this.#release(connector)
      else {
        const longest = durationMs(this.#gate.breakerOf(connector).longest)
        const left = status === 'probing' ? 0 : (until ?? 0) - this.#clock.now()
        this.#alarm(connector, Math.min(longest, Math.max(0, left)))
      }
    }
  }

  stop(): void {
    this.#running = false
    this.#stopListening()
    for (const breaker of this.#breakers.values()) breaker.callOff()
  }

  /** Leave for an effect of this operation to ask the outside; null when it has to wait. */
  admit(operation: string, run: string, name: string): Pass | null {
    const connector = connectorOf(operation)
    const breaker = this.#of(connector)
    if (breaker.status === 'closed') return { connector, isProbe: false, records: [] }
    if (breaker.status === 'probing' || !breaker.isDue) return null
    breaker.status = 'probing'
    this.#alarm(connector, this.#gate.manifestOf(operation).timeoutMs + GRACE_MS)
    const probing = this.#part(connector, 'breaker.probing', { run, name })
    return { connector, isProbe: true, records: [probing] }
  }

  /** What came of it. Every pass is to be reported once. */
  report({ connector, isProbe }: Pass, heard: Heard, error: unknown = null, run: string | null = null): void {
    const breaker = this.#of(connector)
    if (isProbe ? breaker.status !== 'probing' : breaker.status !== 'closed') return
    if (!isProbe) {
      if (heard === 'up') breaker.failures = []
      else if (heard === 'down') this.#count(connector, breaker, error)
    } else if (heard === 'up') void this.#close(connector, { run })
    else if (heard === 'unused') this.#due(connector, breaker)
    else this.#open(connector, breaker, error)
  }

  /**
   * Closed on the operator's word. Resolves once durable, with whether it was open.
   * @throws CONNECTOR_UNKNOWN when it never was
   */
  async override(connector: string): Promise<boolean> {
    const known = listBreakers(this.#log.tables).map((row) => row.connector)
    if (!known.includes(connector)) throw neverOpened(connector, known)
    if (this.#of(connector).status === 'closed') return false
    await this.#close(connector, { run: null, by: 'operator' })
    return true
  }

  /** An effect that is on record as held may have missed what it is to wait for. */
  #onCommit(events: readonly StoredEvent[]): void {
    for (const { kind, body, stream } of events) {
      if (!HELD.has(kind) || body?.connector === undefined) continue
      const connector = String(body.connector)
      const { status, isDue } = this.#of(connector)
      // The run takes note of the record first.
      if (status === 'closed') setImmediate(() => this.#wake(runOf(stream), String(body.name)))
      else if (status === 'open' && isDue) this.#poke(connector)
    }
  }

  // -- states ------------------------------------------------------------------------------------

  #of(connector: string): Breaker {
    const known = this.#breakers.get(connector)
    if (known !== undefined) return known
    const breaker: Breaker = {
      status: 'closed',
      failures: [],
      times: 0,
      isDue: false,
      poked: 0,
      callOff: () => {},
    }
    this.#breakers.set(connector, breaker)
    return breaker
  }

  #count(connector: string, breaker: Breaker, error: unknown): void {
    const settings = this.#gate.breakerOf(connector)
    breaker.failures = countedFailures(settings, breaker.failures, this.#clock.now())
    if (breaker.failures.length >= settings.failures) this.#open(connector, breaker, error)
  }

  #open(connector: string, breaker: Breaker, error: unknown): void {
    const openMs = openForMs(this.#gate.breakerOf(connector), breaker.times + 1)
    const isNew = breaker.times === 0
    const failures = isNew ? breaker.failures.length : 1
    Object.assign(breaker, { status: 'open', failures: [], times: breaker.times + 1, isDue: false })
    this.#alarm(connector, openMs)
    const record = toErrorRecord(error, 'CONNECTOR_UNAVAILABLE')
    const opened = this.#part(connector, 'breaker.opened', {
      failures,
      times: breaker.times,
      error: recordJson(record),
      until: this.#clock.now() + openMs,
    })
    const message = `The connector ${connector} is down (${record.code}: ${record.message}); what needs it waits.`
    this.#append(isNew ? [opened, raiseAlert(ALERT, connector, message)] : [opened]).catch(() => {})
  }

  async #close(
    connector: string,
    { run, by = 'probe' }: { readonly run: string | null; readonly by?: 'probe' | 'operator' },
  ): Promise<void> {
    const breaker = this.#of(connector)
    breaker.callOff()
    Object.assign(breaker, { status: 'closed', failures: [], times: 0, isDue: false, poked: 0 })
    const closed = this.#part(connector, 'breaker.closed', { by, run })
    await this.#append([closed, clearAlert(ALERT, connector)]).catch((error) => {
      if (by === 'operator') throw error
    })
    this.#release(connector)
  }

  /** By the time of day, and by what passes: a clock that is set back does not keep it open. */
  #alarm(connector: string, delayMs: number): void {
    const breaker = this.#of(connector)
    breaker.callOff()
    if (!this.#running) return
    const ring = (): void => {
      breaker.callOff()
      if (breaker.status === 'probing') this.#open(connector, breaker, unheard(connector))
      else this.#due(connector, breaker)
    }
    const callOffs = [this.#clock.after(delayMs, ring)]
    if (breaker.status === 'open') callOffs.push(this.#clock.wakeAt(this.#clock.now() + delayMs, ring))
    breaker.callOff = () => {
      for (const callOff of callOffs) callOff()
    }
  }

  #due(connector: string, breaker: Breaker): void {
    Object.assign(breaker, { status: 'open', isDue: true })
    this.#poke(connector)
  }

  /** Wakes the held effect after the one that was woken last, and the first again after the last. */
  #poke(connector: string): void {
    const breaker = this.#of(connector)
    const { tables } = this.#log
    const [next] = [
      ...heldEffects(tables, connector, breaker.poked, 1),
      ...heldEffects(tables, connector, 0, 1),
    ]
    if (next === undefined || !this.#running) return
    breaker.poked = next.position
    this.#alarm(connector, POKE_MS)
    this.#wake(next.run, next.name)
  }

  /** Wakes all that are held, page by page, as the runtime has room for them. */
  #release(connector: string): void {
    let after = 0
    this.#pager.begin(() => {
      if (!this.#running || this.#of(connector).status !== 'closed') return false
      const page = heldEffects(this.#log.tables, connector, after, PAGE)
      for (const { run, name } of page) this.#wake(run, name)
      after = page.at(-1)?.position ?? after
      return page.length === PAGE
    })
  }

  #wake(run: string, name: string): void {
    if (this.#running) this.#host.wake(run, (execution) => timeIsUp(execution, name))
  }

  // -- records -----------------------------------------------------------------------------------

  #part(connector: string, kind: string, more: JsonObject): StreamAppend {
    const by =
      more.by === 'operator' ? { actor: 'operator', label: OWNER } : { actor: 'runtime', label: SYSTEM }
    const event: NewEvent = { kind, body: { connector, ...more }, ...by }
    return { stream: `breaker/${connector}`, expectedVersion: 'any', events: [event] }
  }

  async #append(parts: readonly StreamAppend[]): Promise<void> {
    await this.#log.append(parts)
  }
}

/** `post.send` → `post`. */
export function connectorOf(operation: string): string {
  return operation.slice(0, operation.indexOf('.'))
}

function unheard(connector: string): HoldfastError {
  return new HoldfastError('CONNECTOR_UNAVAILABLE', `The probe of ${connector} was not heard of again`)
}

function neverOpened(connector: string, known: readonly string[]): HoldfastError {
  const there = known.length === 0 ? 'none ever did' : `${known.join(', ')} did`
  const message = `The breaker of ${JSON.stringify(connector)} never opened; ${there}`
  return new HoldfastError('CONNECTOR_UNKNOWN', message, { details: { connector, known } })
}

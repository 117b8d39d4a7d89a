/** The instances of one agent: read from their last whole state on, some of them kept in memory. */
import { type AnyAgent, instanceStream, type Lifecycle } from '../../kernel/agent.ts'
import { type CarriedState, foldState, type SinceWhole } from '../../kernel/agent-state.ts'
import { HoldfastError } from '../../kernel/errors.ts'
import { type Json, toJson } from '../../kernel/json.ts'
import { type Label, SYSTEM } from '../../kernel/label.ts'
import { validate } from '../../kernel/schema.ts'
import type { EventLog } from '../../ports/event-log.ts'

export interface Instance {
  readonly key: string
  readonly state: Json
  readonly label: Label
  /** Events handled since it came to be. */
  readonly handled: number
  /** Of its stream. */
  readonly version: number
  /** null when the next state must go on record whole. */
  readonly since: SinceWhole | null
  /** Position of the first thing from outside in its state; null for none. */
  readonly externalSince: number | null
}

export interface InstanceRow {
  readonly key: string
  readonly version: number
  /** Version of the stream at which its state stands whole for the last time; 0 before its first event. */
  readonly whole: number
  readonly through: number
  readonly handled: number
  readonly waiting: number
  readonly run: string | null
  readonly run_position: number | null
  readonly lifecycle: Lifecycle
  readonly reason: string
  readonly updated: number
}

export class Instances {
  readonly #log: EventLog
  readonly #agent: AnyAgent
  readonly #most: number
  /** The one used last comes last. */
  readonly #resident = new Map<string, Instance>()

  constructor(log: EventLog, agent: AnyAgent, most: number) {
    this.#log = log
    this.#agent = agent
    this.#most = most
  }

  /** How many are in memory. */
  get size(): number {
    return this.#resident.size
  }

  resident(key: string): Instance | undefined {
    return this.#resident.get(key)
  }

  keep(instance: Instance): void {
    this.#resident.delete(instance.key)
    this.#resident.set(instance.key, instance)
    if (this.#resident.size <= this.#most) return
    const oldest = this.#resident.keys().next().value
    if (oldest !== undefined) this.#resident.delete(oldest)
  }

  forget(key: string): void {
    this.#resident.delete(key)
  }

  forgetAll(): void {
    this.#resident.clear()
  }

  row(key: string): InstanceRow | undefined {
    return readInstance(this.#log, this.#agent.name, key)
  }

  /** @throws AGENT_STATE_UNFIT, BODY_ERASED */
  async load(key: string, row: InstanceRow | undefined): Promise<Instance> {
    const carried = row === undefined ? null : readState(this.#log, this.#agent.name, row)
    if (carried === null) {
      const state = await this.#initial(key)
      const fresh = { label: SYSTEM, handled: 0, since: null, externalSince: null }
      return { key, state, version: row?.version ?? 0, ...fresh }
    }
    const isOwn = carried.agentVersion === this.#agent.version
    return {
      key,
      state: isOwn ? carried.state : await this.#migrated(key, carried),
      label: carried.label,
      handled: row?.handled ?? 0,
      version: row?.version ?? 0,
      since: isOwn ? carried.since : null,
      externalSince: carried.externalSince,
    }
  }

  async #initial(key: string): Promise<Json> {
    const { initial, state, name } = this.#agent
    const given = typeof initial === 'function' ? initial(key) : initial
    return toJson(await validate(state, toJson(given), `Initial state of ${name}`), 'initial state')
  }

  async #migrated(key: string, { state, agentVersion }: CarriedState): Promise<Json> {
    const { name, version, migrate } = this.#agent
    try {
      if (agentVersion > version) throw new Error('that version is later than this one')
      const moved = migrate === undefined ? state : await migrate(state, agentVersion)
      return toJson(await validate(this.#agent.state, moved, `State of ${name}/${key}`), 'migrated state')
    } catch (error) {
      throw new HoldfastError(
        'AGENT_STATE_UNFIT',
        `The state of ${name}/${key} was left by version ${agentVersion} and does not fit version ${version}: ${String(error instanceof Error ? error.message : error)}`,
        { details: { agent: name, key, from: agentVersion, to: version }, cause: error },
      )
    }
  }
}

export function readInstance(log: EventLog, agent: string, key: string): InstanceRow | undefined {
  return log.tables.get<InstanceRow>(
    `SELECT key, version, whole, through, handled, waiting, run, run_position, lifecycle, reason, updated
     FROM agents_instances WHERE agent = ? AND key = ?`,
    agent,
    key,
  )
}

/** What an instance's stream carries, whatever code there is for it. @throws BODY_ERASED */
export function readState(log: EventLog, agent: string, { key, whole }: InstanceRow): CarriedState | null {
  if (whole === 0) return null
  const carried = foldState(log.readStream(instanceStream(agent, key), whole))
  if (carried !== 'erased') return carried
  throw new HoldfastError('BODY_ERASED', `Parts of the state of ${agent}/${key} were erased`, {
    details: { agent, key },
  })
}

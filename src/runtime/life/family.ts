/** What the end of a run means for its children, by their parent-close policy; also after a crash in between. */
import type { Parent } from '../../kernel/children.ts'
import { isHoldfastError } from '../../kernel/errors.ts'
import type { Journal, RunEnd } from '../../kernel/journal.ts'
import { type Label, SYSTEM } from '../../kernel/label.ts'
import type { Clock } from '../../ports/clock.ts'
import type { EventLog } from '../../ports/event-log.ts'
import { lastEvent } from '../delivery/deliveries.ts'
import type { Execution } from '../run/execution.ts'
import { hasEnded } from '../run-errors.ts'
import { WRITE_RETRY_MS } from './comebacks.ts'
import { lastOfChain } from './run-chain.ts'

export interface By {
  readonly actor: string
  readonly label: Label
  readonly reason: string
}

interface FamilyHost {
  readonly log: EventLog
  readonly clock: Clock
  /** @throws RUN_NOT_FOUND, RUN_ENDED */
  cancel(run: string, by: By): Promise<void>
}

const RUNTIME = { actor: 'runtime', label: SYSTEM }
/** Codes with which the store refuses what it may take later. */
const REFUSED: ReadonlySet<string> = new Set(['LOG_WRITE_FAILED', 'LOG_CONFLICT'])
const OPEN = "('queued', 'running', 'waiting', 'stalled')"

interface ToCancel {
  readonly id: string
  readonly parent: string
  readonly mode: Parent['mode']
  /** How the parent ended. */
  readonly status: string
  /** Position at which the child was taken up again last; 0 for never. */
  readonly reopened: number
}

export class Family {
  readonly #host: FamilyHost
  readonly #rested: () => void
  /** How many ends are being followed that nobody waits for. */
  #following = 0
  /** Under way, by child: the end of a run is told of by its commit, and by who cancels it. */
  readonly #cancelling = new Map<string, Promise<void>>()
  /** Of the alarm to look again; null for none. */
  #callOff: (() => void) | null = null
  #stopped = false

  /** `rested` is called when what nobody waits for has been done. */
  constructor(host: FamilyHost, rested: () => void) {
    this.#host = host
    this.#rested = rested
  }

  /** Whether children are being cancelled that nobody waits for. */
  get busy(): boolean {
    return this.#following > 0
  }

  /** Cancels the open children of a run that has ended, and so on downwards. */
  async closed(run: string, by: Omit<By, 'reason'> = RUNTIME): Promise<void> {
    for (const child of childrenToCancel(this.#host.log, run)) await this.#cancel(child, by)
  }

  /** As `closed`, without anybody who waits for it: what the store refuses is done when it takes something again. */
  follow(run: string): void {
    void this.#follow(this.closed(run))
  }

  /** As `follow`, for all runs that a crash, or the store, has left so. */
  recover(): void {
    for (const child of orphans(this.#host.log)) void this.#follow(this.#cancel(child, RUNTIME))
  }

  async #follow(cancelled: Promise<void>): Promise<void> {
    this.#following += 1
    await cancelled.catch((error) => this.#again(error))
    this.#following -= 1
    this.#rested()
  }

  stop(): void {
    this.#stopped = true
    this.#callOff?.()
  }

  #again(error: unknown): void {
    const isRefused = isHoldfastError(error) && REFUSED.has(error.code)
    if (!isRefused || this.#stopped || this.#callOff !== null) return
    this.#callOff = this.#host.clock.after(WRITE_RETRY_MS, () => {
      this.#callOff = null
      this.recover()
    })
  }

  async #cancel({ id, parent, status }: ToCancel, by: Omit<By, 'reason'>): Promise<void> {
    const known = this.#cancelling.get(id)
    if (known !== undefined) return await known
    const reason = `its parent ${parent} ${status === 'cancelled' ? 'was cancelled' : `has ${status}`}`
    const cancelled = this.#host.cancel(id, { ...by, reason }).catch((error) => {
      if (!isHoldfastError(error) || error.code !== 'RUN_ENDED') throw error
    })
    this.#cancelling.set(id, cancelled)
    try {
      await cancelled
    } finally {
      this.#cancelling.delete(id)
    }
  }
}

/**
 * Whether its end concerns no other run, as far as its journal tells: it has no parent, no child, stands in no
 * chain, and had no place in the queue.
 */
export function isAlone({ start, entries, reopened }: Journal): boolean {
  if (start === null || start.parent !== null || start.chain !== null) return false
  if (start.isQueued || reopened !== null) return false
  for (const { type } of entries.values()) if (type === 'child') return false
  return true
}

/** When a run goes on as a next one, only the children that it waits for are left behind. */
function childrenToCancel(log: EventLog, run: string): ToCancel[] {
  const children = log.tables.all<ToCancel & Record<string, never>>(
    `SELECT c.id, c.parent, c.parent_mode AS mode, p.status, c.reopened FROM runs p
     JOIN runs l ON l.id = p.id OR (p.status <> 'continued' AND l.chain = p.chain)
     JOIN runs c ON c.parent = l.id AND c.on_parent_close = 'cancel' AND c.status IN ${OPEN}
     WHERE p.id = ? AND (p.status <> 'continued' OR c.parent_mode = 'call')
       AND p.status NOT IN ${OPEN}`,
    run,
  )
  return children.filter((child) => !isTakenUpSince(log, child))
}

/** From the open runs on, by status: the ended ones are all that ever were. */
function orphans(log: EventLog): ToCancel[] {
  const children = log.tables.all<ToCancel & Record<string, never>>(
    `SELECT c.id, c.parent, c.parent_mode AS mode, p.status, c.reopened FROM runs c INDEXED BY runs_bound CROSS JOIN runs p ON p.id = c.parent
     WHERE c.on_parent_close = 'cancel' AND c.status IN ${OPEN}
       AND p.status NOT IN ${OPEN} AND (p.status <> 'continued' OR c.parent_mode = 'call'
         OR NOT EXISTS (SELECT 1 FROM runs l WHERE l.chain = p.chain AND l.status IN ${OPEN}))`,
  )
  return children.filter((child) => !isTakenUpSince(log, child))
}

/** The operator has taken it up after that end, of which it was known: it goes on by itself. */
function isTakenUpSince(log: EventLog, { parent, mode, reopened }: ToCancel): boolean {
  if (reopened === 0) return false
  const end = lastEvent(log, mode === 'call' ? parent : lastOfChain(log.tables, parent))
  return end !== undefined && end.position < reopened
}

/**
 * Cancels a run in this process. Gives how it ended: by this, or by going on as another.
 * @throws RUN_ENDED, or why it can't be put on record
 */
export async function cancelRun(execution: Execution, by: By): Promise<RunEnd | null> {
  const { records, journal, run } = execution
  const message = `Cancelled${by.reason && `: ${by.reason}`}`
  const body = { reason: by.reason, error: { code: 'RUN_CANCELLED', message } }
  try {
    if (records.writer.isEnding) throw hasEnded(run.id)
    await execution.cutOff('the run was cancelled', execution.event('run.cancelled', body, by))
  } catch (error) {
    if (journal.end?.status !== 'continued') throw error
    await records.writer.settled()
  }
  return journal.end
}

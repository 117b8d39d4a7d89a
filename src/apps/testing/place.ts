/**
 * A workspace in a folder of its own with a clock driven by hand, through the public SDK. When its test is
 * over, the log must verify, the projections must rebuild to the same, and one file must be left.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { LOG_FILE } from '../../adapters/sqlite/place.ts'
import type { NewEvent, StoredEvent } from '../../kernel/event.ts'
import type { Json, JsonObject } from '../../kernel/json.ts'
import { SYSTEM } from '../../kernel/label.ts'
import type { StreamAppend } from '../../ports/event-log.ts'
import { ManualClock } from '../../ports/testing/manual-clock.ts'
import type { Holdfast } from '../../runtime/holdfast.ts'
import { type OpenOptions, openHoldfast } from '../../sdk.ts'

/** Alarms after which a test is taken to run in circles. */
const MOST_ALARMS = 1_000

export type PlaceOptions = Partial<OpenOptions>

export async function openPlace(t: TestContext, options: PlaceOptions = {}): Promise<Place> {
  const place = new Place(options)
  await place.open()
  t.after(() => place.dispose())
  return place
}

export class Place {
  readonly dir = mkdtempSync(join(tmpdir(), 'holdfast-'))
  readonly clock = new ManualClock()
  #options: PlaceOptions
  #hf: Holdfast | null = null

  constructor(options: PlaceOptions) {
    this.#options = options
  }

  get hf(): Holdfast {
    assert.ok(this.#hf, 'the place is open')
    return this.#hf
  }

  async open(changes: PlaceOptions = {}): Promise<Holdfast> {
    this.#options = { ...this.#options, ...changes }
    this.#hf = await openHoldfast({ dir: this.dir, workflows: [], clock: this.clock, ...this.#options })
    return this.#hf
  }

  async close(): Promise<void> {
    await this.#hf?.close()
    this.#hf = null
  }

  async reopen(changes: PlaceOptions = {}): Promise<Holdfast> {
    await this.close()
    return await this.open(changes)
  }

  /** Lets time pass, from alarm to alarm, until `done` (default: until none is set). */
  async pass(done: () => boolean = () => false): Promise<void> {
    for (let alarms = 0; alarms < MOST_ALARMS; alarms += 1) {
      await this.hf.idle()
      if (done() || !this.clock.next()) return
      await turn()
    }
    assert.fail(`${MOST_ALARMS} alarms, and no end`)
  }

  /** Lets time pass until the run has ended, and gives its output. */
  async outcome<Output = Json>(run: string): Promise<Output> {
    const handle = this.hf.run<Output>(run)
    await this.pass(() => ['completed', 'failed', 'cancelled'].includes(handle.status()))
    await this.hf.idle()
    return await handle.result()
  }

  events(run: string): StoredEvent[] {
    return this.hf.log.readStream(`run/${run}`)
  }

  kinds(run: string): string[] {
    return this.events(run).map(({ kind }) => kind)
  }

  /** Bodies of the run's events of one kind. */
  bodies(run: string, kind: string): JsonObject[] {
    return this.events(run).flatMap((event) => (event.kind === kind && event.body ? [event.body] : []))
  }

  /**
   * The next append to the run's own stream of which `isHit` is true meets a full disk: it is made too big
   * for the pages that the file may have, of which there are enough for others beside it. Returns whether that has
   * happened.
   */
  spoil(run: string, isHit: (events: readonly NewEvent[]) => boolean): () => boolean {
    const { log } = this.hf
    const append = log.append.bind(log)
    let isSpoiled = false
    const isOwn = ({ stream, events }: StreamAppend): boolean => stream === `run/${run}` && isHit(events)
    const spoiled: typeof append = async (parts, blobs, options) => {
      if (isSpoiled || !parts.some(isOwn)) return await append(parts, blobs, options)
      isSpoiled = true
      const { page_count: pages = 0 } = log.tables.get<{ page_count: number }>('PRAGMA page_count') ?? {}
      log.tables.get(`PRAGMA max_page_count = ${pages + SPARE_PAGES}`)
      try {
        return await append([...parts, FILLER], blobs, options)
      } finally {
        log.tables.get('PRAGMA max_page_count = 1000000')
      }
    }
    Object.assign(log, { append: spoiled })
    return () => isSpoiled
  }

  async dispose(): Promise<void> {
    try {
      if (this.#hf === null) await this.open({ workflows: [], connectors: [], models: [] })
      this.hf.log.verify()
      assert.deepEqual(this.hf.log.rebuild({ replace: false }).differing, [])
      await this.close()
      assert.deepEqual(readdirSync(this.dir), [LOG_FILE])
      assert.equal(this.clock.pending, 0, 'no alarm is left when it is closed')
    } finally {
      rmSync(this.dir, { recursive: true, force: true })
    }
  }
}

const SPARE_PAGES = 20

/** More than fits into the pages that are spared. */
const FILLER: StreamAppend = {
  stream: 'filler',
  expectedVersion: 'any',
  events: [{ kind: 'filler.made', actor: 'test', label: SYSTEM, body: { text: 'x'.repeat(200_000) } }],
}

/** One turn of the event loop. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** Lets go on everything that needs no time to pass. */
export async function turns(count = 20): Promise<void> {
  for (let i = 0; i < count; i += 1) await turn()
}

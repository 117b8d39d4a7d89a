/** While work is stopped, by the log or by the file, nothing that reaches outside begins. */
import type { StoredEvent } from '../../src/kernel/event.ts'
import { RESUMED, STOPPED, type StopOrder } from '../../src/ports/stop-switch.ts'
import { type Invariant, Violation } from './invariant.ts'

export class Stops implements Invariant {
  readonly #inForce = new Set<string>()
  readonly #lifted = new Set<string>()

  see({ kind, body }: StoredEvent): void {
    if (kind === STOPPED) this.#inForce.add(String(body?.id))
    else if (kind === RESUMED) {
      for (const id of (body?.stops ?? []) as string[]) {
        this.#inForce.delete(id)
        this.#lifted.add(id)
      }
    }
  }

  end(): void {
    if (this.#inForce.size > 0)
      throw new Violation('stop-holds', `${[...this.#inForce].join(', ')} is never lifted`)
  }

  /** By which stop this must not begin; null where it may. @param ordered what stands in the file */
  holding(ordered: StopOrder | null): string | null {
    const [first] = this.#inForce
    if (first !== undefined) return first
    return ordered?.order === 'stop' && !this.#lifted.has(ordered.id) ? ordered.id : null
  }
}

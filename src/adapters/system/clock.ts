/** The real clock, and one that runs faster for tests and demonstrations. */
import { performance } from 'node:perf_hooks'
import type { Clock } from '../../ports/clock.ts'

/**
 * The longest a timer sleeps before it looks at the clock again. It keeps clear of the 2^31 ms at which
 * setTimeout overflows and fires at once, and lets a timer come at most this late after the machine was
 * suspended or its clock was set.
 */
const LONGEST_NAP_MS = 60_000

/** setTimeout's limit, 24 days: longer than any attempt may take. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1

/**
 * The clock of this machine. A timer that is set holds the process open, so a script may await a run that sleeps.
 */
export function systemClock(): Clock {
  return clockOf(() => Date.now(), 1)
}

/**
 * A clock that shows `anchorMs` now (default: the present) and runs `factor` times as fast as the real one, so
 * that three days pass in 26 seconds with a factor of 10,000. Limits on attempts (`after`) stay in real time.
 */
export function fasterClock(options: { readonly anchorMs?: number; readonly factor: number }): Clock {
  const { anchorMs = Date.now(), factor } = options
  const start = performance.now()
  return clockOf(() => Math.floor(anchorMs + (performance.now() - start) * factor), factor)
}

/** `factor`: milliseconds of the shown clock that pass in one real millisecond. */
function clockOf(now: () => number, factor: number): Clock {
  return {
    now,
    wakeAt(atMs, wake) {
      let timer: NodeJS.Timeout
      const nap = () => {
        const leftMs = Math.ceil((atMs - now()) / factor)
        timer = setTimeout(look, Math.min(Math.max(leftMs, 0), LONGEST_NAP_MS))
      }
      // setTimeout may fire a millisecond before the wall clock gets there, hence the second look.
      const look = () => (now() >= atMs ? wake() : nap())
      nap()
      return () => clearTimeout(timer)
    },
    after(delayMs, wake) {
      const timer = setTimeout(wake, Math.min(delayMs, LONGEST_TIMEOUT_MS))
      return () => clearTimeout(timer)
    },
  }
}

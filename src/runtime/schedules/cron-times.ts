/**
 * The times that a cron expression means, in a time zone; croner computes them and does nothing else here.
 *
 * Five fields, or six with seconds in front. On the day of the change to summer time, one fixed time in the hour
 * that is left out comes at the first moment after it; a list, range or step within that hour leaves it out. On
 * the day of the change back, one fixed time in the doubled hour comes once, the first time; lists, ranges and
 * steps come in both.
 */
import { Cron } from 'croner'
import { HoldfastError } from '../../kernel/errors.ts'

export class CronTimes {
  readonly #cron: Cron

  /** @throws INPUT_INVALID when the expression or the time zone is none, or means no time at all */
  constructor(cron: string, timeZone: string) {
    try {
      this.#cron = new Cron(cron, { timezone: timeZone })
      if (this.next(0) !== null) return
    } catch (cause) {
      throw invalid(cron, timeZone, cause instanceof Error ? cause.message : '')
    }
    throw invalid(cron, timeZone, 'it means no time at all')
  }

  /** The first time after the given one; null when there is none any more. */
  next(after: number): number | null {
    return this.#cron.nextRun(new Date(after))?.getTime() ?? null
  }

  /** The last `count` of the times after `after` and not after `upTo`, in order. */
  last(count: number, after: number, upTo: number): number[] {
    if (upTo <= after) return []
    const times: number[] = []
    // It gives the times before a whole second. A time takes a tenth of a millisecond, and seldom is more than one due.
    let before = Math.floor(upTo / 1_000) * 1_000 + 1_000
    for (let most = 2; times.length < count && before > after; most *= 4) {
      const more = this.#cron.previousRuns(Math.min(most, count - times.length), new Date(before))
      if (more.length === 0) break
      for (const time of more) times.push(time.getTime())
      before = times.at(-1) ?? after
    }
    return times.filter((time) => time > after && time <= upTo).reverse()
  }
}

function invalid(cron: string, timeZone: string, why: string): HoldfastError {
  return new HoldfastError('INPUT_INVALID', `"${cron}" in ${timeZone} is no time to run at: ${why}`, {
    details: { cron, timeZone },
    fix: 'Give minute, hour, day, month and day of the week, such as "30 7 * * 1-5", and a zone such as "Europe/Stockholm".',
  })
}

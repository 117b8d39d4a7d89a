/** Tells the news of a served workspace: one by one, or as a sum when much mail comes at once. */
import type { EventLog } from '../../ports/event-log.ts'
import { countWaitingReviews } from '../../runtime/reviews/review-index.ts'
import type { TakenIn } from '../mail-in.ts'
import { type News, newsOf } from './news.ts'
import type { Voice } from './running.ts'

/** Of more mails than these at once only the sum is told. */
const TOLD_ONE_BY_ONE = 12

export class NewsDesk {
  readonly #log: EventLog
  readonly #voice: Pick<Voice, 'news' | 'taken'>
  #held: News[] | null = null

  constructor(log: EventLog, voice: Pick<Voice, 'news' | 'taken'>) {
    this.#log = log
    this.#voice = voice
  }

  /** Returns a function that ends it. */
  listen(): () => void {
    return this.#log.onCommit((events) => {
      for (const event of events) {
        const news = newsOf(this.#log, event)
        if (news === null) continue
        if (this.#held === null) this.#voice.news(news)
        else this.#held.push(news)
      }
    })
  }

  /** Keeps the news back until the returned function is told how much mail they came from. */
  hold(): (taken: TakenIn | null) => void {
    const held: News[] = []
    this.#held = held
    return (taken) => {
      this.#held = null
      if (taken !== null && taken.messages > TOLD_ONE_BY_ONE) {
        this.#voice.taken(taken, countWaitingReviews(this.#log.tables))
      } else for (const news of held) this.#voice.news(news)
    }
  }
}

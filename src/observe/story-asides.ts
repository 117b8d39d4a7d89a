/** What happens to a review between question and answer: it is shown, put off, comes back, passes its deadline. */
import type { EventLog } from '../ports/event-log.ts'

export interface StoryAside {
  readonly what: 'shown' | 'snoozed' | 'returned' | 'expired'
  readonly time: number
  readonly actor: string
  /** Milliseconds since 1970: until when it was put off, or its deadline; null for the others. */
  readonly until: number | null
  readonly position: number
}

export function asidesOf(log: Pick<EventLog, 'readStream'>, review: string): StoryAside[] {
  return log.readStream(`review/${review}`).map(({ kind, body, time, actor, position }) => {
    const until = body?.until ?? body?.deadline
    return {
      what: kind.slice('review.'.length) as StoryAside['what'],
      time,
      actor,
      until: typeof until === 'number' ? until : null,
      position,
    }
  })
}

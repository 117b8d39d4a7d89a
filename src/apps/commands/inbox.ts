/** `inbox`: what waits for the operator's word, the most promising first. */
import { z } from 'zod'
import { snoozedReviews, waitingReviews } from '../../runtime/reviews/review-index.ts'
import { workspaceCommand } from './command.ts'
import { type InboxItem, inboxItem } from './inbox-item.ts'
import {
  alertNotes,
  answerNotes,
  offerNotes,
  playbookNotes,
  snoozedNotes,
  troubleNotes,
} from './operator-notes.ts'

export const inbox = workspaceCommand({
  name: 'inbox',
  /** `snoozed`: those that were put off, in place of those that wait. */
  params: z.strictObject({ snoozed: z.boolean().optional() }),
  advances: true,
  async run({ holdfast, log, playbooks }, { snoozed = false }, io): Promise<InboxItem[]> {
    const now = Date.now()
    const notes = [
      ...alertNotes(log),
      ...offerNotes({ holdfast }),
      ...playbookNotes({ playbooks }),
      ...troubleNotes(log),
      ...answerNotes(log, now),
      ...(snoozed ? [] : snoozedNotes(log)),
    ]
    for (const note of notes) io.note(note)
    if (snoozed) return snoozedReviews(log.tables).map((review) => inboxItem(log, review))
    const items = waitingReviews(log.tables).map((review) => inboxItem(log, review))
    return items.toSorted(
      (a, b) => Number(b.overdue) - Number(a.overdue) || rank(a) - rank(b) || a.requested - b.requested,
    )
  },
})

const QUALITIES = ['hot', 'warm', 'cold']

/** What is no lead, such as a question whether something was done, goes before all leads. */
function rank({ quality }: InboxItem): number {
  return QUALITIES.indexOf(quality ?? '')
}

/** `inbox`: what waits for the operator's word, the most promising first. */
import { z } from 'zod'
import { waitingReviews } from '../../runtime/review-index.ts'
import { workspaceCommand } from './command.ts'
import { type InboxItem, inboxItem } from './inbox-item.ts'
import { alertNotes, answerNotes, playbookNotes, troubleNotes } from './operator-notes.ts'

export const inbox = workspaceCommand({
  name: 'inbox',
  params: z.strictObject({}),
  advances: true,
  async run({ log, playbooks }, _params, io): Promise<InboxItem[]> {
    const now = Date.now()
    const notes = [
      ...alertNotes(log),
      ...playbookNotes({ playbooks }),
      ...troubleNotes(log, now),
      ...answerNotes(log, now),
    ]
    for (const note of notes) io.note(note)
    const items = waitingReviews(log.tables).map((review) => inboxItem(log, review))
    return items.toSorted((a, b) => rank(a) - rank(b) || a.requested - b.requested)
  },
})

const QUALITIES = ['hot', 'warm', 'cold']

/** What is no lead, such as a question whether something was done, goes before all leads. */
function rank({ quality }: InboxItem): number {
  return QUALITIES.indexOf(quality ?? '')
}

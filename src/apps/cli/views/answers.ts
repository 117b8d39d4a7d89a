/** How a review can be answered, as commands to type. */
import type { InboxItem } from '../../commands/inbox-item.ts'
import { isLetter } from '../../commands/letter-actions.ts'
import { mailIn } from './proposed-mail.ts'
import type { View } from './view.ts'

export function answers(
  { id, action, proposal, fields }: Pick<InboxItem, 'id' | 'action' | 'proposal' | 'fields'>,
  { command }: View,
): [string, string][] {
  const isEditable = fields.some(({ editable }) => editable)
  const review = (answer: string) => command(`review ${id} ${answer}`)
  if (isLetter(action)) {
    return [
      [review('approve'), 'send it as it is'],
      [review('edit'), 'change it, then send it'],
      [review('respond "shorter"'), 'ask for another draft'],
      [review('reject'), 'send nothing, close it'],
      [review('snooze 3h'), 'decide later'],
    ]
  }
  if (action === 'settle-unknown') {
    const isMail = mailIn(proposal) !== null
    return [
      [review('approve'), isMail ? 'it was sent' : 'it was done'],
      [review('reject'), isMail ? 'it was not sent: send it now' : 'it was not done: do it now'],
      [review('respond "leave it"'), 'leave it undone'],
    ]
  }
  if (action === 'settle-rollback') {
    return [
      [review('approve'), 'dealt with by hand'],
      [review('reject'), 'leave it as it is'],
    ]
  }
  return [
    [review('approve'), 'do it'],
    ...(isEditable ? [[review('edit'), 'change it, then do it'] as [string, string]] : []),
    [review('reject'), 'don’t'],
    [review('snooze 3h'), 'decide later'],
  ]
}

/** How a review can be answered, as commands to type. */
import type { InboxItem } from '../../commands/inbox-item.ts'
import { isLetter } from '../../commands/letter-actions.ts'
import type { View } from './view.ts'

export function answers(
  { id, action }: Pick<InboxItem, 'id' | 'action'>,
  { command }: View,
): [string, string][] {
  const review = (answer: string) => command(`review ${id} ${answer}`)
  if (isLetter(action)) {
    return [
      [review('approve'), 'send it as it is'],
      [review('edit'), 'change it, then send it'],
      [review('respond "shorter"'), 'ask for another draft'],
      [review('reject'), 'send nothing, close it'],
    ]
  }
  if (action === 'settle-unknown') {
    return [
      [review('approve'), 'it was done'],
      [review('reject'), 'it was not: do it now'],
      [review('respond "leave it"'), 'leave it undone'],
    ]
  }
  return [
    [review('approve'), 'do it'],
    [review('reject'), 'don’t'],
  ]
}

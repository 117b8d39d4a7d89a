/**
 * Which options go with which answer to a review. What does not is refused: an answer is used once, and a draft that was
 * to be changed, or only shown, can't be called back.
 */
import { HoldfastError } from '../../../kernel/errors.ts'
import type { Call } from '../verb.ts'

const EDITING = ['set', 'file', 'field']

const TAKES: Readonly<Record<string, readonly string[]>> = {
  show: [],
  approve: ['alternative', 'hash'],
  edit: [...EDITING, 'alternative', 'hash'],
  reject: ['reason', 'hash'],
  respond: ['hash'],
  snooze: [],
  delegate: ['for', 'same', 'until', 'most', 'reason', 'hash'],
  several: ['like', 'all', 'agent', 'action', 'dryRun', 'reason'],
}

const KNOWN = new Set(Object.values(TAKES).flat())

/** @param answer as it was typed, or `several` @throws USAGE */
export function refuseOptions({ options }: Pick<Call, 'options'>, answer: string): void {
  const takes = TAKES[answer]
  if (takes === undefined) return
  // An alternative is an edit, too.
  const mayEdit = answer === 'approve' && options.alternative !== undefined
  const odd = [...KNOWN].find(
    (name) => options[name] !== undefined && !takes.includes(name) && !(mayEdit && EDITING.includes(name)),
  )
  if (odd === undefined) return
  const flag = `--${odd.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
  const what = answer === 'several' ? 'an answer for several reviews' : answer
  const isEdit = answer === 'approve' && EDITING.includes(odd)
  throw new HoldfastError('USAGE', `${flag} does not go with ${what}`, {
    fix: isEdit
      ? `Nothing was answered. To change it and send it, type edit ${flag}.`
      : 'Nothing was answered. See the help of review.',
  })
}

export type OperationType =
  | 'step'
  | 'effect'
  | 'undo'
  | 'decision'
  | 'flag'
  | 'review'
  | 'timer'
  | 'wait'
  | 'publication'
  | 'child'

/** Kinds that open or settle an operation, and the type they belong to. */
export const OPERATION_OF_KIND: Readonly<Record<string, OperationType>> = {
  'step.begun': 'step',
  'step.beat': 'step',
  'step.completed': 'step',
  'step.failed': 'step',
  'effect.intended': 'effect',
  'effect.succeeded': 'effect',
  'effect.failed': 'effect',
  'effect.unknown': 'effect',
  'undo.intended': 'undo',
  'undo.succeeded': 'undo',
  'undo.failed': 'undo',
  'undo.unknown': 'undo',
  'decision.made': 'decision',
  'decision.failed': 'decision',
  'flag.evaluated': 'flag',
  'review.requested': 'review',
  'review.answered': 'review',
  'timer.set': 'timer',
  'timer.fired': 'timer',
  'timer.abandoned': 'timer',
  'wait.started': 'wait',
  'wait.ended': 'wait',
  'wait.abandoned': 'wait',
  'publication.made': 'publication',
  'child.started': 'child',
  'child.ended': 'child',
}

/**
 * The two questions that an effect itself puts to the operator, told from a workflow's own reviews by
 * their names: may it be done, and was it done.
 */

/** Asked when the policy wants the operator's word. */
export function approvalName(effect: string): string {
  return `${effect} (approval)`
}

/** Asked when nobody else can tell how attempt `attempt` (1 for the first) ended. */
export function outcomeName(effect: string, attempt: number): string {
  return `${effect} (outcome of attempt ${attempt})`
}

/** The effect that a review of this name asks for; null for a name that no effect gives. */
export function effectOfReview(review: string): string | null {
  return /^(.+) \((?:approval|outcome of attempt \d+)\)$/s.exec(review)?.[1] ?? null
}

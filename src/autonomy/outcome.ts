/** An answer as a labelled outcome: was the proposal right as it stood? */
import type { Json, JsonObject } from '../kernel/json.ts'

export const VERDICTS = ['approved', 'edited', 'rejected', 'responded'] as const
export type Verdict = (typeof VERDICTS)[number]

export interface Outcome {
  readonly verdict: Verdict
  /** How much was changed: the part of the field that differs most, 0 to 1; null where that is not known. */
  readonly edit: number | null
  readonly error: boolean
}

/** An edit of which nobody says how much it changed counts as an error. @param limit of an edit that is none */
export function outcomeOf(body: JsonObject, limit: number): Outcome | null {
  const verdict = VERDICTS.find((one) => one === body.verdict)
  if (verdict === undefined) return null
  const edit = verdict === 'approved' ? 0 : verdict === 'edited' ? editIn(body) : null
  return { verdict, edit, error: edit === null || edit > limit }
}

/** Answers tell it by field, comparisons as one number. */
function editIn({ edit, edits }: JsonObject): number | null {
  if (edits === null || typeof edits !== 'object' || Array.isArray(edits)) return partOf(edit)
  return partOf(Math.max(0, ...Object.values(edits).map(Number)))
}

function partOf(value: Json | undefined): number | null {
  return typeof value === 'number' && value >= 0 && value <= 1 ? value : null
}

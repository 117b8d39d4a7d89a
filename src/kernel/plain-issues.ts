/** What is wrong with a value by its schema: where there are alternatives, of the one that was meant. */
import type { z } from 'zod'

type Issue = z.core.$ZodIssue

/** In place of "none of these fits", what does not fit in the one that comes nearest. */
export function plainIssues(issue: Issue, before: readonly PropertyKey[] = []): Issue[] {
  const path = [...before, ...issue.path]
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return [{ ...issue, path }]
  const choices = issue.errors.map((issues) => issues.flatMap((one) => plainIssues(one, path)))
  const [nearest] = choices.toSorted((a, b) => distance(a, path) - distance(b, path))
  // Where not even the form fits, no alternative is nearer than the others.
  return nearest === undefined || nearest.every((one) => isForm(one, path)) ? [{ ...issue, path }] : nearest
}

/** Another form counts more than another field, and that more than another value. */
function distance(issues: readonly Issue[], path: readonly PropertyKey[]): number {
  return issues.reduce((sum, one) => {
    if (isForm(one, path)) return sum + 10_000
    return sum + (one.path.length === path.length ? 100 : 1)
  }, 0)
}

function isForm({ code, path }: Issue, outer: readonly PropertyKey[]): boolean {
  return path.length === outer.length && code !== 'unrecognized_keys'
}

/** One request as a line of JSON, and the decision on it as an object. */
import type { JsonObject } from '../kernel/json.ts'
import type { PolicySettings } from '../ports/policy-settings.ts'
import { decide } from './decide.ts'
import { LATEST, openPolicy, readRequestLine, withGuardrails } from './request-line.ts'

/**
 * By the given policy; without one, by what stands on the line alone.
 * @param now as of `readRequestLine`. Default: later than all that ends
 * @throws INPUT_INVALID
 */
export function answerLine(line: string, policy: PolicySettings | null, now = LATEST): JsonObject {
  const read = readRequestLine(line, now)
  const rules = policy ?? openPolicy(read)
  const book = [...(rules.addressBook ?? []), ...read.addressBook]
  const { answer, rule, reason, grant, until } = decide(
    withGuardrails(read, rules),
    read.labels,
    read.grants,
    { ...rules, addressBook: book },
  )
  return {
    operation: read.request.operation,
    answer,
    rule,
    reason,
    ...(grant === undefined ? {} : { grant }),
    ...(until === undefined ? {} : { until }),
  }
}

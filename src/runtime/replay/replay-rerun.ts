/**
 * What of a run can be done once more without touching anything: pure steps, and the rules of decisions
 * that were made by rules. Of other steps only the code is compared.
 */
import { toErrorRecord } from '../../kernel/errors.ts'
import type { Outcome } from '../../kernel/journal.ts'
import { type JsonObject, toJson } from '../../kernel/json.ts'
import type { Operation, OperationOf } from '../operations.ts'
import { idempotencyKeyOf } from '../perform/idempotency-key.ts'
import { codeOf } from './code.ts'
import { comparable, type Divergence, otherCode, otherResult, same } from './divergence.ts'
import type { RecordedOperation } from './replay-record.ts'

export interface Rerun {
  readonly divergence: Divergence | null
  /** The code, or the rules, are not those of the record. */
  readonly isChanged: boolean
}

type Settled = NonNullable<RecordedOperation['settled']>
type Owner = Parameters<typeof idempotencyKeyOf>[0]

/** null when there is nothing to do again, or nothing on record to compare it with. */
export function rerun(
  operation: Operation,
  recorded: RecordedOperation,
  owner: Owner,
): Rerun | Promise<Rerun> | null {
  const { settled } = recorded
  if (settled === null || recorded.isAmended) return null
  if (operation.type === 'decision') return rerunRules(operation, recorded, settled.outcome)
  if (operation.type !== 'step') return null
  const pure = operation.options.pure === true
  const present = codeOf(operation.work, pure)
  const isChanged = recorded.code !== null && sourceOf(recorded.code) !== sourceOf(present)
  if (pure) return rerunStep(operation, recorded, settled, isChanged, owner)
  return { divergence: isChanged ? otherCode(recorded, present) : null, isChanged }
}

/** Without the mark that says whether the step is pure. */
function sourceOf(code: string): string {
  return code.slice(code.indexOf(':') + 1)
}

async function rerunStep(
  step: OperationOf<'step'>,
  recorded: RecordedOperation,
  settled: Settled,
  isChanged: boolean,
  owner: Owner,
): Promise<Rerun> {
  const before = comparable(settled.outcome)
  const after = comparable(await runPure(step, owner, Number(settled.event.body?.attempts ?? 1)))
  return { divergence: same(before, after) ? null : otherResult(recorded, before, after), isChanged }
}

/** Runs the function of a pure step as the given attempt, for its outcome only. */
export async function runPure(step: OperationOf<'step'>, owner: Owner, attempt: number): Promise<Outcome> {
  const { signal } = new AbortController()
  const idempotencyKey = idempotencyKeyOf(owner, step.name)
  try {
    const result = await step.work({ attempt, signal, idempotencyKey, heartbeat() {}, lastDetails: null })
    return { ok: true, value: toJson(result, `result of step ${step.name}`) }
  } catch (error) {
    return { ok: false, error: toErrorRecord(error, 'STEP_FAILED') }
  }
}

function rerunRules(
  { name, question }: OperationOf<'decision'>,
  recorded: RecordedOperation,
  outcome: Outcome,
): Rerun | null {
  const body = outcome.ok ? (outcome.value as JsonObject) : null
  const provenance = body?.provenance as JsonObject | undefined
  if (provenance !== undefined && provenance.tier !== 'rules') return null
  const before = body === null ? comparable(outcome) : ruled(body)
  try {
    const { source, ...given } = question.rules()
    const after = toJson(given, `answer of ${name}`)
    const divergence = same(before, after) ? null : otherResult(recorded, before, after)
    return { divergence, isChanged: source !== provenance?.source }
  } catch (error) {
    const after = comparable({ ok: false, error: toErrorRecord(error, 'DECISION_FAILED') })
    const isSame = same(before, after)
    return { divergence: isSame ? null : otherResult(recorded, before, after), isChanged: !isSame }
  }
}

function ruled({ answer = null, confidence = null, reasons = null }: JsonObject): JsonObject {
  return { answer, confidence, reasons }
}

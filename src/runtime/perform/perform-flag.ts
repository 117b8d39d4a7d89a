/** Flags that the code of a run asks for: the rules in force answer once, and the record from then on. */
import type { JsonObject } from '../../kernel/json.ts'
import type { Context } from '../../kernel/workflow.ts'
import { answerBody, type FlagQuestion, type FlagRules } from '../../ports/flags.ts'
import type { OperationOf } from '../operations.ts'
import type { Execution } from '../run/execution.ts'

export function performFlag(execution: Execution, operation: OperationOf<'flag'>): void {
  void execution.working(async () => {
    const { flags, clock } = execution.host
    const rules = await flags.current()
    const body = flagBody(execution.run, operation, rules, clock.now())
    execution.record([execution.event('flag.evaluated', body)])
  })
}

/** An evaluation as it stands in the stream of a run. */
export function flagBody(
  run: Context['run'],
  operation: OperationOf<'flag'>,
  rules: FlagRules,
  time: number,
): JsonObject {
  const question = flagQuestion(run, operation, time)
  const { customer, key } = question
  const answer = rules.answer(question)
  const { name, flag } = operation
  return { name, asked: askedFlag(operation), flag, customer, key, ...answerBody(answer) }
}

export function askedFlag({ flag, fallback, customer, key }: OperationOf<'flag'>): JsonObject {
  return { flag, fallback, customer, key }
}

/** A run that is about nobody, and was given no key, is a share of its own. */
function flagQuestion(
  run: Context['run'],
  { flag, fallback, customer, key }: OperationOf<'flag'>,
  time: number,
): FlagQuestion {
  return { flag, fallback, customer, key: key ?? customer ?? run.id, time }
}

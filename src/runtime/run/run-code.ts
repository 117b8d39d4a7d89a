/** Runs the code of a workflow to its end: the kind and body of the event that says how it ended. */
import { toErrorRecord } from '../../kernel/errors.ts'
import { type Json, type JsonObject, toJson } from '../../kernel/json.ts'
import { validate } from '../../kernel/schema.ts'
import type { AnyWorkflow, Context } from '../../kernel/workflow.ts'
import { recordJson } from '../run-errors.ts'

export async function runCode(
  workflow: AnyWorkflow,
  context: Context,
  input: Json,
): Promise<[string, JsonObject]> {
  try {
    const parsed = await validate(workflow.input, input, `Input of ${workflow.name}`)
    const output = await workflow.run(context, parsed)
    const checked = await validate(workflow.output, output, `Output of ${workflow.name}`, 'OUTPUT_INVALID')
    return ['run.completed', { output: toJson(checked, 'output') }]
  } catch (error) {
    return ['run.failed', { error: recordJson(toErrorRecord(error)) }]
  }
}

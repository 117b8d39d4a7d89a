/** The place in the queue of a run that goes on: by the limits of today, with the priority that it was given. */
import type { StoredEvent } from '../../kernel/event.ts'
import type { JsonObject } from '../../kernel/json.ts'
import type { RunStart } from '../../kernel/run-start.ts'
import { placeFromJson, type QueuePlace, queuePlace } from '../../kernel/scheduling.ts'
import type { AnyWorkflow } from '../../kernel/workflow.ts'

export function placeAgain(
  workflow: AnyWorkflow,
  { input }: RunStart,
  started: StoredEvent | undefined,
): QueuePlace {
  const queue = started?.body?.queue as JsonObject | undefined
  return queuePlace(workflow, input, queue === undefined ? {} : { priority: placeFromJson(queue).priority })
}

/** The place in the queue of a run that goes on: by the limits of today, with the priority that it was given. */
import type { StoredEvent } from '../../kernel/event.ts'
import type { JsonObject } from '../../kernel/json.ts'
import type { RunStart } from '../../kernel/run-start.ts'
import { placeFromJson, type QueuePlace, queuePlace } from '../../kernel/scheduling.ts'
import type { WorkflowRegistry } from '../life/workflow-registry.ts'

export function placeAgain(
  workflows: WorkflowRegistry,
  { input, workflow, workflowVersion }: RunStart,
  started: StoredEvent | undefined,
): QueuePlace {
  const queue = started?.body?.queue as JsonObject | undefined
  const registered = workflows.get(workflow, workflowVersion)
  return queuePlace(registered, input, queue === undefined ? {} : { priority: placeFromJson(queue).priority })
}

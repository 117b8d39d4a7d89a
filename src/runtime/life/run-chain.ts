/** Runs that go on as a next one (`ctx.continueAs`): a chain of runs that stands for one. */

import type { NewEvent } from '../../kernel/event.ts'
import { waitsForNext } from '../../kernel/event-waits.ts'
import { receivedBy, waitsSince } from '../../kernel/journal.ts'
import type { Json, JsonObject } from '../../kernel/json.ts'
import { runStream } from '../../kernel/run-stream.ts'
import { validate } from '../../kernel/schema.ts'
import type { EventLog, StreamAppend } from '../../ports/event-log.ts'
import type { TablesReader } from '../../ports/projection.ts'
import type { Execution } from '../run/execution.ts'
import { startedBy } from '../run/external-since.ts'
import { idTaken } from '../run-errors.ts'
import type { RunToStart } from './run-start.ts'
import type { WorkflowRegistry } from './workflow-registry.ts'

interface ChainHost {
  readonly log: EventLog
  readonly workflows: WorkflowRegistry
  startPart(start: RunToStart): StreamAppend
}

export interface Link {
  readonly id: string
  /** What to append with the end of the run before; to be asked for when nothing more is received there. */
  part(): StreamAppend
}

/** @throws INPUT_INVALID, RUN_ID_CONFLICT, WORKFLOW_UNKNOWN */
export async function nextLink(host: ChainHost, execution: Execution, input: Json): Promise<Link> {
  const { run, journal } = execution
  const workflow = host.workflows.newest(run.workflow)
  await validate(workflow.input, input, `Input of ${workflow.name}`)
  const { first, link } = journal.start?.chain ?? { first: run.id, link: 1 }
  const id = `${first}~${link + 1}`
  if (host.log.versionOf(runStream(id)) > 0) throw idTaken(id, 'the run after this one')
  const parent = journal.start?.parent ?? undefined
  return {
    id,
    part() {
      const start = { run: id, workflow, input, ...startedBy(execution) }
      const part = host.startPart(parent === undefined ? start : { ...start, parent })
      const [started] = part.events as [NewEvent]
      const chain = { first, link: link + 1 }
      const body: JsonObject = { ...started.body, continued: run.id, chain, waits: waitsOf(execution) }
      return { ...part, events: [{ ...started, body }] }
    },
  }
}

/** An event that a wait had received, but that the code was not handed, is there for the next run. */
function waitsOf({ journal, records }: Execution): JsonObject {
  const unseen = [...journal.entries.values()].filter(
    (entry) => entry.type === 'wait' && !entry.abandoned && records.handover.asksFor(entry.name),
  )
  const returned = unseen.flatMap((entry) => {
    const position = receivedBy(entry)
    return position === null ? [] : [{ ...awaited(entry.opened), position }]
  })
  return { since: waitsSince(journal), received: waitsForNext(journal.eventWaits, returned) }
}

function awaited(opened: JsonObject | null): { readonly kind: string; readonly key: string } {
  return { kind: String(opened?.kind), key: String(opened?.key) }
}

/** The last run of a chain by any run of it; the run itself where it stands alone. */
export function lastOfChain(tables: TablesReader, run: string): string {
  const last = tables.get<{ id: string }>(
    'SELECT id FROM runs WHERE chain = (SELECT chain FROM runs WHERE id = ?) ORDER BY position DESC LIMIT 1',
    run,
  )
  return last?.id ?? run
}

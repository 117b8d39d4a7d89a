/** What must hold after a day, however often the process was killed in it. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { openWorkspace } from '../../src/apps/workspace.ts'
import type { StoredEvent } from '../../src/kernel/event.ts'
import type { JsonObject } from '../../src/kernel/json.ts'
import { WorkflowRegistry } from '../../src/runtime/life/workflow-registry.ts'
import { verifyRun } from '../../src/runtime/replay/replay.ts'

export interface DayChecked {
  readonly messages: number
  readonly runs: number
  readonly sent: number
  readonly unknownEffects: number
}

/** @param said the lines that the day's processes told. */
export async function checkDay(
  dir: string,
  said: readonly (readonly string[])[],
  mails: number,
): Promise<DayChecked> {
  const workspace = await openWorkspace({ dir, env: {} })
  const { log } = workspace
  try {
    log.verify()
    assert.deepEqual(log.rebuild({ replace: false }).differing, [], 'projections rebuild to the same content')
    const events = [...log.read()]
    const of = (kind: string): StoredEvent[] => events.filter((event) => event.kind === kind)

    const received = of('message.received').map((event) => event.stream)
    assert.equal(new Set(received).size, received.length, 'every message is one event')
    assert.ok(received.length >= mails, `${received.length} of ${mails} mails came in`)
    assert.equal(of('run.started').length, received.length, 'every message has one run')
    const ends = events.filter(({ kind }) => ['run.completed', 'run.failed', 'run.cancelled'].includes(kind))
    assert.equal(ends.length, received.length, 'every run ended once')
    const otherwise = ends.filter(({ kind }) => kind !== 'run.completed')
    assert.deepEqual(
      otherwise.map(({ stream, kind }) => ({ stream, kind, record: bodiesOf(events, stream) })),
      [],
      'no run failed',
    )

    const streams = new Set(events.map((event) => event.stream))
    const answered = new Set(of('review.answered').map((event) => event.body?.review))
    for (const [what, id] of said) {
      if (what === 'received') assert.ok(streams.has(`mail/${id}`), `acknowledged message ${id} is there`)
      if (what === 'answered') assert.ok(answered.has(id), `acknowledged answer to ${id} is there`)
    }
    assert.equal(answered.size, of('review.answered').length, 'every review was answered once')

    const sent = of('effect.succeeded').map((event) =>
      String((event.body?.output as JsonObject | undefined)?.messageId),
    )
    const allowed = of('review.answered').filter(({ body }) =>
      ['approved', 'edited'].includes(String(body?.verdict)),
    )
    assert.equal(sent.length, allowed.length, 'what was approved was sent, and nothing else')
    assert.equal(new Set(sent).size, sent.length, 'nothing was sent twice by the ledger')
    const filed = sentIds(dir)
    assert.deepEqual(filed.toSorted(), sent.toSorted(), 'the Sent folder holds each reply exactly once')
    const registry = new WorkflowRegistry(workspace.workflows)
    for (const { stream } of ends) {
      const report = await verifyRun(log, registry, stream.slice('run/'.length))
      assert.equal(report.verdict, 'same', `${stream} replays: ${report.divergence?.explanation}`)
    }
    const left = readdirSync(join(dir, 'mail', 'Inbox', 'new'))
    assert.deepEqual(left, [], 'no mail is left over')
    return {
      messages: received.length,
      runs: ends.length,
      sent: sent.length,
      unknownEffects: of('effect.unknown').length,
    }
  } finally {
    await workspace.close()
  }
}

/** A run's own record, so that a failure in one day of a hundred tells why. */
function bodiesOf(events: readonly StoredEvent[], stream: string): string[] {
  return events
    .filter((event) => event.stream === stream)
    .map(({ kind, body }) => `${kind} ${JSON.stringify(body)}`)
}

function sentIds(dir: string): string[] {
  const folder = join(dir, 'mail', 'Sent', 'cur')
  return readdirSync(folder).map((name) => {
    const id = /^Message-ID: <(.+)>\r?$/im.exec(readFileSync(join(folder, name), 'utf8'))?.[1]
    assert.ok(id, `${name} has a Message-ID`)
    return id
  })
}

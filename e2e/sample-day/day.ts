/**
 * The sample day as a process that may be killed at any moment and started again: takes mail in, plays the
 * operator and the customers who answer, until every run has ended. Days pass in seconds. What is
 * acknowledged is told on standard output, one JSON array a line, only after it was acknowledged.
 *
 *     node e2e/sample-day/day.ts WORKSPACE
 */
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fasterClock } from '../../src/adapters/system/clock.ts'
import { armFromEnvironment } from '../../src/apps/cli/crash-env.ts'
import { openWorkspace, type Workspace } from '../../src/apps/workspace.ts'
import { isHoldfastError } from '../../src/kernel/errors.ts'
import { crashPoint } from '../../src/ports/crash-points.ts'
import type { Review } from '../../src/runtime/reviews/review-index.ts'

/** Three days pass in about three seconds. */
const FACTOR = 100_000
const DAY_BEGINS = Date.parse('2026-11-23T08:00:00Z')
const DEADLINE_MS = 60_000

const [dir = ''] = process.argv.slice(2)
armFromEnvironment(process.env)
const workspace = await openWorkspace({ dir, env: {}, clock: dayClock() })
const giveUp = performance.now() + DEADLINE_MS
say('opened')
await workspace.holdfast.emit({ kind: 'day.began', key: 'sample', id: 'day-began', data: { dir: 'sample' } })
while (!isOver(workspace)) {
  await takeInMail(workspace)
  for (const review of workspace.holdfast.reviews()) await answer(workspace, review)
  customersAnswer(workspace)
  if (performance.now() > giveUp) throw new Error('the day does not end')
  await sleep(20)
}
await workspace.close()
say('over')

/** The clock of the day goes on while the process is dead. */
function dayClock(): ReturnType<typeof fasterClock> {
  const file = join(dir, 'day-began')
  try {
    writeFileSync(file, '', { flag: 'wx' })
  } catch {
    // a later process of the same day
  }
  const elapsed = Date.now() - statSync(file).mtimeMs
  return fasterClock({ anchorMs: DAY_BEGINS + elapsed * FACTOR, factor: FACTOR })
}

function say(...words: string[]): void {
  writeSync(1, `${JSON.stringify(words)}\n`)
}

function isOver({ log }: Workspace): boolean {
  const open = log.tables.get("SELECT 1 FROM runs WHERE status IN ('running', 'waiting', 'stalled') LIMIT 1")
  return open === undefined && log.tables.get('SELECT 1 FROM runs LIMIT 1') !== undefined
}

async function takeInMail({ inbox, intake }: Workspace): Promise<void> {
  if (inbox === null) return
  for await (const mail of inbox.list()) {
    const received = await intake.receive({ raw: await mail.read(), channel: 'maildir', ref: mail.ref })
    say('received', received.what === 'skipped' ? received.sha256 : received.message)
    await mail.acknowledge()
    crashPoint('mail.after-acknowledge')
  }
}

/** The same answer to the same review, whichever process gives it. */
async function answer({ holdfast }: Workspace, review: Review): Promise<void> {
  const choice = dice(review.id, 10)
  const { hash } = review
  try {
    if (choice === 6) {
      await holdfast.answer(review.id, {
        verdict: 'edited',
        changes: { body: `${review.proposal.body}\nPS` },
        hash,
      })
    } else if (choice === 7)
      await holdfast.answer(review.id, { verdict: 'rejected', reason: 'not for us', hash })
    else if (choice === 8 && !/\d$/.test(review.name)) {
      await holdfast.answer(review.id, { verdict: 'responded', instruction: 'shorter', hash })
    } else await holdfast.answer(review.id, { verdict: 'approved', hash })
    say('answered', review.id)
  } catch (error) {
    if (!isHoldfastError(error) || error.code !== 'REVIEW_ENDED') throw error
  }
}

/** A third of the customers answers our reply, by mail. */
function customersAnswer({ log }: Workspace): void {
  const ids = log.tables.all<{ message_id: string }>(
    "SELECT message_id FROM mail_ids WHERE direction = 'sent'",
  )
  for (const { message_id } of ids) {
    if (dice(message_id, 3) !== 0) continue
    deliver(
      `answer-${dice(message_id, 1e9)}`,
      [
        'From: A Customer <customer@answers.example>',
        'To: mara@lindqvist.studio',
        `Message-ID: <answer-${dice(message_id, 1e9)}@answers.example>`,
        `In-Reply-To: <${message_id}>`,
        'Date: Tue, 24 Nov 2026 10:00:00 +0000',
        'Subject: Re: your reply',
        '',
        'Thank you, that sounds good. When can we talk?',
        '',
      ].join('\r\n'),
    )
  }
}

function deliver(name: string, text: string): void {
  const inbox = join(dir, 'mail', 'Inbox')
  const done = join(dir, 'delivered')
  mkdirSync(done, { recursive: true })
  try {
    readFileSync(join(done, name))
    return
  } catch {
    // not delivered yet; delivered twice by a crash in between is one event all the same
  }
  writeFileSync(join(inbox, 'tmp', name), text)
  renameSync(join(inbox, 'tmp', name), join(inbox, 'new', name))
  writeFileSync(join(done, name), '')
}

function dice(text: string, sides: number): number {
  return createHash('sha256').update(text).digest().readUInt32BE(0) % sides
}

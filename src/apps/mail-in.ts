/**
 * Mail in, in any amount: one after the other in the order it came, with the runs that it starts held back
 * for a few dozen messages and then let go together. So their commits are shared, and what is under way
 * stays bounded however much comes.
 */
import type { WaitingMail } from '../connectors/maildir/inbox.ts'
import { isHoldfastError } from '../kernel/errors.ts'
import { SYSTEM } from '../kernel/label.ts'
import { crashPoint } from '../ports/crash-points.ts'
import { type Verdict, verdictBody } from '../ports/gate.ts'
import type { CommandIo } from './commands/command.ts'
import type { Received } from './intake.ts'
import { type Counts, countsText, Tally } from './tally.ts'
import type { Workspace } from './workspace.ts'

/** A mail that waits to be taken in. */
export interface IncomingMail {
  readonly ref: string
  readonly channel: 'maildir' | 'file'
  /** @throws MAIL_MALFORMED with `sha256` when it is too large; FILE_UNREADABLE */
  read(): Promise<Uint8Array>
  /** Called once it is on record. */
  acknowledge(): Promise<void>
}

export interface TakenIn extends Counts {
  /** What could not be read as mail, or not at all. */
  readonly problems: readonly MailProblem[]
}

export interface MailProblem {
  readonly ref: string
  readonly error: string
  /** false: the file could not be read, stays where it is, and nothing of it is on record. */
  readonly kept: boolean
}

/** Messages after which the runs advance. */
const BATCH = 64
const PROGRESS_MS = 100

/** Takes the mails in and lets the runs advance until they wait. Stops early when `io.signal` is aborted. */
export async function takeIn(
  workspace: Workspace,
  mails: AsyncIterable<IncomingMail>,
  io: CommandIo,
): Promise<TakenIn> {
  const { holdfast } = workspace
  const problems: MailProblem[] = []
  const tell = atMostEvery(PROGRESS_MS, () => {
    const counts = tally.counts()
    if (counts.messages > 0) io.progress(countsText(counts))
  })
  const tally = new Tally(workspace.log, tell)
  let release = holdfast.runtime.hold()
  let held = 0
  try {
    for await (const mail of mails) {
      if (io.signal.aborted) break
      const received = await takeOne(workspace, mail).catch(unreadable)
      tally.add(received.what)
      if (received.what === 'skipped') {
        problems.push({ ref: mail.ref, error: received.error, kept: received.sha256 !== '' })
      }
      held += 1
      if (held < BATCH) continue
      release()
      await idleOrStopped(workspace, io.signal)
      release = holdfast.runtime.hold()
      held = 0
    }
    release()
    await idleOrStopped(workspace, io.signal)
    return { ...tally.counts(), problems }
  } finally {
    release()
    tally.stop()
  }
}

/** Resolves when nothing is under way any more, or as soon as `signal` is aborted. */
export async function idleOrStopped({ holdfast }: Workspace, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  const { promise, resolve } = Promise.withResolvers<void>()
  const stop = () => resolve()
  signal.addEventListener('abort', stop, { once: true })
  await Promise.race([holdfast.idle(), promise])
  signal.removeEventListener('abort', stop)
}

async function takeOne({ intake }: Workspace, mail: IncomingMail): Promise<Received> {
  const { ref, channel } = mail
  const received = await mail.read().then(
    (raw) => intake.receive({ raw, channel, ref }),
    (error: unknown) => {
      if (!isHoldfastError(error) || error.code !== 'MAIL_MALFORMED') throw error
      return intake.skip({ ref, sha256: String(error.details.sha256), error })
    },
  )
  await mail.acknowledge()
  crashPoint('mail.after-acknowledge')
  return received
}

/** A file that can't be read now stays where it is; anything else is no affair of one mail. */
function unreadable(error: unknown): Received {
  if (!isHoldfastError(error) || error.code !== 'FILE_UNREADABLE') throw error
  return { what: 'skipped', sha256: '', error: error.message }
}

function atMostEvery(ms: number, act: () => void): () => void {
  let last = 0
  return () => {
    if (Date.now() - last < ms) return
    last = Date.now()
    act()
  }
}

// -- the inbox folder -------------------------------------------------------------------------------

/** Stream of the decisions whether mail may be read from the inbox folder. */
const INTAKE_STREAM = 'intake/maildir'

/** The inbox folder as this process reads it: the policy is asked once, before the first mail is read. */
export class MailIn {
  readonly #workspace: Workspace
  #verdict: Verdict | null = null

  constructor(workspace: Workspace) {
    this.#workspace = workspace
  }

  /** Takes in what waits in the folder; null when nothing does, there is no such folder, or the policy says no. */
  async take(io: CommandIo): Promise<TakenIn | null> {
    const { inbox } = this.#workspace
    if (inbox === null) return null
    const waiting = inbox.list()
    const first = await waiting.next()
    if (first.done) return null
    if (!(await this.#allowed(io))) return null
    return await takeIn(this.#workspace, incoming(first.value, waiting), io)
  }

  async #allowed(io: CommandIo): Promise<boolean> {
    const known = this.#verdict
    const verdict = known ?? (await this.#decide())
    if (verdict.answer === 'allow') return true
    if (known === null) {
      io.note(`The mail in the inbox folder is not read: ${verdict.reason} (${verdict.rule} of policy.yaml)`)
    }
    return false
  }

  async #decide(): Promise<Verdict> {
    const { log, holdfast } = this.#workspace
    const operation = 'maildir.receive'
    const { gate } = holdfast.runtime
    const request = {
      run: INTAKE_STREAM,
      workflow: 'intake',
      customer: null,
      operation,
      input: {},
      label: SYSTEM,
      approvedBy: null,
    }
    // To take down what came reaches nobody: it goes on while work is stopped.
    const isStopped = gate.stopped() !== null
    const verdict = isStopped ? gate.judge().effect(request) : gate.decideEffect(request).verdict
    const body = verdictBody('read the inbox folder', { type: 'effect', operation }, verdict)
    const decided = { kind: 'policy.decided', actor: 'intake', label: SYSTEM, body }
    await log.append([{ stream: INTAKE_STREAM, expectedVersion: 'any', events: [decided] }])
    this.#verdict = verdict
    return verdict
  }
}

/** Takes in what mail waits and lets the runs advance until all of them wait: before `work`, and after it. */
export async function advancing<T>(workspace: Workspace, work: () => Promise<T>, io: CommandIo): Promise<T> {
  await new MailIn(workspace).take(io)
  await idleOrStopped(workspace, io.signal)
  const result = await work()
  await idleOrStopped(workspace, io.signal)
  return result
}

async function* incoming(first: WaitingMail, rest: AsyncIterable<WaitingMail>): AsyncGenerator<IncomingMail> {
  yield asIncoming(first)
  for await (const mail of rest) yield asIncoming(mail)
}

function asIncoming(mail: WaitingMail): IncomingMail {
  return {
    ref: mail.ref,
    channel: 'maildir',
    read: () => mail.read(),
    acknowledge: () => mail.acknowledge(),
  }
}

/**
 * Mail in: each message becomes, in one commit, a received message, a customer's record, and either the
 * start of a run or the answer that a run waits for. The same message twice is one event; what can't be
 * read as mail is kept, reported and skipped.
 *
 * Why: docs/decisions/0011-one-commit-per-inbound-message.md
 */
import { hash } from 'node:crypto'
import { changeOf } from '../customers/change.ts'
import { type HoldfastError, isHoldfastError, toErrorRecord } from '../kernel/errors.ts'
import type { JsonObject } from '../kernel/json.ts'
import { externalFrom } from '../kernel/label.ts'
import type { AnyWorkflow } from '../kernel/workflow.ts'
import { isOwnMessageId } from '../mail/compose.ts'
import { answeredIds, MAIL_STREAM, sentAmong } from '../mail/mail-index.ts'
import type { MailMessage } from '../mail/message.ts'
import { crashPoint } from '../ports/crash-points.ts'
import type { EventLog, NewBlob, StreamAppend } from '../ports/event-log.ts'
import { skippedPart } from '../runtime/life/skipped-starts.ts'
import { switchOf } from '../runtime/life/switches.ts'
import { publish } from '../runtime/perform/publish.ts'
import type { Runtime } from '../runtime/runtime.ts'

export interface RawMail {
  readonly raw: Uint8Array
  /** How it came in. */
  readonly channel: 'maildir' | 'file'
  /** Where it was: a path, with `#n` for the n-th of an mbox. */
  readonly ref: string
}

export type Received =
  | { readonly what: 'new' | 'duplicate'; readonly message: string; readonly customer: string | null }
  | { readonly what: 'skipped'; readonly sha256: string; readonly error: string }

export interface Skipped {
  readonly ref: string
  readonly sha256: string
  readonly error: HoldfastError
  /** Missing for what is too large to be held in memory. */
  readonly raw?: Uint8Array
}

export interface IntakeOptions {
  readonly runtime: Runtime
  /** Started once for each message. */
  readonly workflow: AnyWorkflow
  readonly ownAddresses: readonly string[]
  /** Country of phone numbers written without a prefix, ISO 3166 such as `SE`. */
  readonly region: string
}

/** Attempts when another message changes the same customer's record at the same moment. */
const MAX_ATTEMPTS = 10

/** The id of the run that a message starts. */
export function runOf(message: string): string {
  return `lead-${message}`
}

/** The message that a run was started by; null when it was not by one. */
export function messageOfRun(run: string): string | null {
  return run.startsWith('lead-m-') ? run.slice('lead-'.length) : null
}

type Tools = Awaited<ReturnType<typeof loadTools>>

/** They load much, which a command that meets no mail need not wait for. */
async function loadTools() {
  const [{ parseMail }, { recordSender }, { customerFacts }] = await Promise.all([
    import('../mail/parse.ts'),
    import('../customers/record.ts'),
    import('../customers/facts.ts'),
  ])
  return { parseMail, recordSender, customerFacts }
}

export class Intake {
  readonly #options: IntakeOptions
  readonly #log: EventLog

  constructor(options: IntakeOptions) {
    this.#options = options
    this.#log = options.runtime.log
  }

  /** Takes in one message; durable once this resolves. */
  async receive(mail: RawMail): Promise<Received> {
    const tools = await loadTools()
    let message: MailMessage
    try {
      message = await tools.parseMail(mail.raw)
    } catch (error) {
      if (!isHoldfastError(error) || error.code !== 'MAIL_MALFORMED') throw error
      return await this.skip({ ...mail, sha256: hash('sha256', mail.raw, 'hex'), error })
    }
    crashPoint('mail.before-receive')
    for (let attempt = 1; ; attempt += 1) {
      const known = this.#log.readStream(MAIL_STREAM + message.id)[0]
      if (known !== undefined) {
        return { what: 'duplicate', message: message.id, customer: (known.body?.customer as string) ?? null }
      }
      try {
        return await this.#append(message, mail, tools)
      } catch (error) {
        if (!isHoldfastError(error) || error.code !== 'LOG_CONFLICT' || attempt === MAX_ATTEMPTS) throw error
      }
    }
  }

  async #append(
    message: MailMessage,
    { raw, channel, ref }: RawMail,
    { recordSender, customerFacts }: Tools,
  ): Promise<Received> {
    const { runtime, workflow, ownAddresses, region } = this.#options
    const label = externalFrom(`mail:${message.id}`)
    const { customer, append } = recordSender(message, this.#log.tables, { ownAddresses, region })
    const body = { message: message as unknown as JsonObject, customer, channel, ref }
    const received: StreamAppend = {
      stream: MAIL_STREAM + message.id,
      expectedVersion: 0,
      events: [{ kind: 'message.received', actor: 'intake', label, body }],
    }
    const change = append === null ? null : changeOf(append.events[0]?.body ?? null)
    const time = runtime.clock.now()
    const { off, parts: evaluated } = await switchOf(runtime, {
      what: 'workflow',
      name: workflow.name,
      customer,
      facts: () =>
        customerFacts(this.#log.tables, customer, change === null ? undefined : { customer: change, time }),
    })
    const input = { message: message.id }
    const start = { run: runOf(message.id), workflow, input, customer, actor: 'intake', label }
    const begun = off === null ? runtime.startPart(start) : skippedPart(start, off, 'intake')
    const known = append === null ? [] : [append]
    const parts = [received, ...known, ...this.#answers(message, label), ...evaluated, begun]
    await this.#log.append(parts, [{ sha256: message.raw.sha256, bytes: raw }])
    crashPoint('mail.after-receive')
    return { what: 'new', message: message.id, customer }
  }

  /**
   * One event for each mail of ours that the message answers, also while it is not on record that the mail
   * was sent: the run that learns of it later looks back and finds the event.
   */
  #answers(message: MailMessage, label: ReturnType<typeof externalFrom>): StreamAppend[] {
    const ids = answeredIds(message)
    const onRecord = new Set(sentAmong(this.#log.tables, ids))
    const ours = ids.filter((id) => onRecord.has(id) || isOwnMessageId(id))
    return ours.flatMap((sent) => {
      const event = {
        id: `answer/${message.id}/${sent}`,
        kind: 'mail.answered',
        key: sent,
        data: { message: message.id },
      }
      return publish(this.#log, event, 'intake', label)
    })
  }

  /** Puts on record, once however often it comes, that something is no mail; `raw` is kept where it is at hand. */
  async skip(problem: Skipped): Promise<Received> {
    const { sha256, ref, raw } = problem
    const error = toErrorRecord(problem.error)
    const label = externalFrom(`mail-problem:${sha256}`)
    const body = { sha256, ref, error: error as unknown as JsonObject }
    const blobs: NewBlob[] = raw === undefined ? [] : [{ sha256, bytes: raw }]
    const events = [{ kind: 'message.skipped', actor: 'intake', label, body }]
    try {
      await this.#log.append([{ stream: `mail-problem/${sha256}`, expectedVersion: 0, events }], blobs)
    } catch (conflict) {
      if (!isHoldfastError(conflict) || conflict.code !== 'LOG_CONFLICT') throw conflict
    }
    return { what: 'skipped', sha256, error: error.message }
  }
}

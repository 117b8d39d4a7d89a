/**
 * The flags in force. They come from a text that the operator edits; each valid version that is met is put on
 * record whole (`flags.adopted`) before anything goes by it, so that an evaluation can name the version it was made
 * by. A broken text is put on record too (`flags.rejected`) and changes nothing: the last valid version stays in
 * force. So it is with a file that is gone; where there never was one, there are no flags.
 *
 * Why: docs/decisions/0040-feature-flags.md
 */
import { hash } from 'node:crypto'
import { HoldfastError, isHoldfastError, toErrorRecord } from '../kernel/errors.ts'
import type { FlagSubject, FlagValue } from '../kernel/flag.ts'
import { canonicalJson, type Json, type JsonObject } from '../kernel/json.ts'
import { OWNER, SYSTEM } from '../kernel/label.ts'
import type { Clock } from '../ports/clock.ts'
import type { EventLog, StreamAppend } from '../ports/event-log.ts'
import {
  answerBody,
  type Facts,
  type FlagAnswer,
  type FlagQuestion,
  type FlagRules,
  type Flags,
  NO_RULES,
  unanswered,
} from '../ports/flags.ts'
import type { FlagDefinition, FlagFile, Segment } from './definitions.ts'
import { evaluate, explainFlag, type FlagExplanation } from './evaluate.ts'
import { FLAG_STREAM, FLAGS_STREAM, lastSaid, signOf } from './flag-index.ts'
import { isIn } from './segments.ts'

export interface FlagSource {
  /** The text as it is now; null where there is none. @throws FILE_UNREADABLE */
  read(): string | null
  /** @throws FLAGS_INVALID */
  parse(text: string): FlagFile
}

export interface FlagBookOptions {
  readonly log: EventLog
  readonly clock: Pick<Clock, 'now'>
  readonly source: FlagSource
  /** What is known of a customer. */
  readonly customerFacts: (customer: string) => Facts
  /** Awaited once, before facts are asked for: what they need is loaded only where there are segments. */
  readonly ready?: () => Promise<unknown>
}

/** One version of all flags, with what is known of the customers. */
export interface FlagVersion extends FlagRules {
  readonly file: FlagFile
  /** A default of the type of the flag. @throws FLAG_NOT_FOUND */
  fallback(flag: string): FlagValue
  /** @throws FLAG_NOT_FOUND */
  explain(question: FlagQuestion): FlagExplanation
}

/** Who has changed what, where it was a command; null where the file was edited. */
export type FlagChange = JsonObject | null

const NOBODY: FlagFile = { segments: {}, flags: {} }

export class FlagBook implements Flags {
  readonly #log: EventLog
  readonly #clock: Pick<Clock, 'now'>
  readonly #source: FlagSource
  readonly #factsOf: (customer: string) => Facts
  readonly #ready: () => Promise<unknown>
  #inForce: FlagVersion | null = null
  /** What was looked at last; undefined for nothing yet. */
  #seen: string | null | undefined
  #problem: HoldfastError | null = null
  /** Looks that put something on record, one after the other. */
  #looking: Promise<unknown> = Promise.resolve()
  /** How many of them are not over: what they put on record is not in force yet. */
  #looks = 0

  constructor({ log, clock, source, customerFacts, ready = async () => {} }: FlagBookOptions) {
    this.#log = log
    this.#clock = clock
    this.#source = source
    this.#factsOf = customerFacts
    this.#ready = ready
  }

  async current(): Promise<FlagVersion> {
    return await this.#look(null)
  }

  /** As `current`, after a command has changed the text. */
  async adopt(change: FlagChange): Promise<FlagVersion> {
    return await this.#look(change)
  }

  /** What is wrong with the text as it is now; null when nothing. */
  async problem(): Promise<HoldfastError | null> {
    await this.current()
    return this.#problem
  }

  /** Any valid text as rules, without a word on record: for trying it out. @throws FLAGS_INVALID */
  async rulesOf(text: string): Promise<FlagVersion> {
    await this.#ready()
    return this.#version(text)
  }

  /** Which rule in force gives what to whom, and why; nothing of it is put on record. @throws FLAG_NOT_FOUND */
  async explain(flag: string, { customer, key }: FlagSubject = {}): Promise<FlagExplanation> {
    const version = await this.current()
    await this.#ready()
    return version.explain({
      flag,
      fallback: version.fallback(flag),
      customer: customer ?? null,
      key: key ?? customer ?? null,
      time: this.#clock.now(),
    })
  }

  /**
   * What a flag says, put on record unless it said the same before. For host programs and other modules; in a
   * workflow use `ctx.flag`.
   */
  async evaluate(
    flag: string,
    fallback: FlagValue,
    { customer, key, facts }: FlagSubject & { readonly facts?: Facts } = {},
  ): Promise<FlagAnswer> {
    const rules = await this.current()
    const question = {
      flag,
      fallback,
      customer: customer ?? null,
      key: key ?? customer ?? null,
      time: this.#clock.now(),
      ...(facts === undefined ? {} : { facts }),
    }
    const answer = rules.answer(question)
    const parts = this.record(question, answer)
    if (parts.length > 0) await this.#log.append(parts)
    return answer
  }

  answerNow(flag: string, fallback: FlagValue, customer: string | null): FlagAnswer | null {
    const rules = this.#now()
    if (!rules.has(flag)) return null
    return rules.answer({ flag, fallback, customer, key: customer, time: this.#clock.now() })
  }

  /** By the version that was looked at last; a file that has changed meanwhile holds from the next question on. */
  #now(): FlagVersion {
    void this.current().catch(() => {})
    return this.#inForce ?? this.#onRecord() ?? this.#none()
  }

  segmentsOf(customer: string): readonly string[] {
    const { file } = this.#now()
    const names = Object.keys(file.segments)
    if (names.length === 0) return names
    const facts = { id: customer, ...this.#factsOf(customer) }
    const time = this.#clock.now()
    return names.filter((name) => isIn(file.segments[name] as Segment, facts, time))
  }

  record(question: FlagQuestion, answer: FlagAnswer): readonly StreamAppend[] {
    const said = evaluationBody(question, answer)
    const subject = question.key ?? question.customer ?? ''
    if (lastSaid(this.#log.tables, question.flag, subject) === signOf(said)) return []
    const events = [{ kind: 'flag.evaluated', actor: 'flags', label: SYSTEM, body: said }]
    return [{ stream: FLAG_STREAM + question.flag.toWellFormed(), expectedVersion: 'any', events }]
  }

  #look(change: FlagChange): FlagVersion | Promise<FlagVersion> {
    if (this.#looks === 0 && this.#seen !== undefined && this.#inForce !== null && change === null) {
      try {
        if (this.#source.read() === this.#seen) return this.#inForce
      } catch {
        // It is looked at again in its turn, and what is wrong put on record.
      }
    }
    this.#looks += 1
    const looked = this.#looking.then(() => this.#lookAgain(change))
    this.#looking = looked
      .catch(() => {})
      .finally(() => {
        this.#looks -= 1
      })
    return looked
  }

  async #lookAgain(change: FlagChange): Promise<FlagVersion> {
    const known = this.#inForce?.version != null ? this.#inForce : this.#onRecord()
    this.#inForce = known ?? this.#none()
    let text: string | null = null
    try {
      text = this.#source.read()
      if (text === null && known !== null) {
        throw new HoldfastError('FILE_UNREADABLE', 'The file of the flags is gone')
      }
      if (text !== null) {
        const version = this.#version(text)
        if (Object.keys(version.file.segments).length > 0) await this.#ready()
        await this.#put('flags.adopted', version.version, {
          text,
          changed: changedFlags(known?.file ?? NOBODY, version.file),
          change,
        })
        this.#inForce = version
      }
      this.#problem = null
    } catch (error) {
      if (!isHoldfastError(error) || !['FLAGS_INVALID', 'FILE_UNREADABLE'].includes(error.code)) throw error
      const version = text === null ? null : hashOf(text)
      await this.#put('flags.rejected', version, { error: toErrorRecord(error) as unknown as Json })
      this.#problem = error
      if (known === null) this.#inForce = this.#none(error)
    }
    this.#seen = text
    return this.#inForce
  }

  /** Once, however often it is met. */
  async #put(kind: string, version: string | null, more: JsonObject): Promise<void> {
    const last = this.#log.readStream(FLAGS_STREAM).at(-1)
    if (last?.kind === kind && last.body?.hash === version) return
    const event = { kind, actor: 'operator', label: OWNER, body: { hash: version, ...more } }
    await this.#log.append([{ stream: FLAGS_STREAM, expectedVersion: 'any', events: [event] }])
  }

  /** The last valid version; null when there never was one, or a later parser does not take it. */
  #onRecord(): FlagVersion | null {
    const adopted = this.#log.readStream(FLAGS_STREAM).findLast(({ kind }) => kind === 'flags.adopted')
    if (typeof adopted?.body?.text !== 'string') return null
    try {
      return this.#version(adopted.body.text)
    } catch {
      return null
    }
  }

  #version(text: string): FlagVersion {
    const file = this.#source.parse(text)
    const version = hashOf(text)
    const full = (question: FlagQuestion) => ({ ...question, facts: this.#factsFor(question) })
    return {
      version,
      file,
      has: (flag) => Object.hasOwn(file.flags, flag),
      answer: (question) => evaluate(file, version, full(question)),
      fallback: (flag) => {
        const { variants, default: variant } = definitionOf(file, flag)
        return variants[variant] ?? false
      },
      explain: (question) => {
        return explainFlag(file, version, definitionOf(file, question.flag), full(question))
      },
    }
  }

  /** @param problem why there is no valid version, where there is a text */
  #none(problem: HoldfastError | null = null): FlagVersion {
    const unknown = (flag: string): never => {
      throw flagNotFound(flag, [])
    }
    return {
      ...NO_RULES,
      ...(problem === null
        ? {}
        : {
            answer: ({ fallback }: FlagQuestion) =>
              unanswered(fallback, null, 'PARSE_ERROR', problem.message),
          }),
      file: NOBODY,
      fallback: unknown,
      explain: ({ flag }) => unknown(flag),
    }
  }

  #factsFor({ customer, facts = {} }: FlagQuestion): Facts {
    return customer === null ? facts : { id: customer, ...this.#factsOf(customer), ...facts }
  }
}

/** How an evaluation stands on record, in a run and outside. */
export function evaluationBody(question: FlagQuestion, answer: FlagAnswer): JsonObject {
  const { flag, customer, key } = question
  return { flag, customer, key, ...answerBody(answer) }
}

/** @throws FLAG_NOT_FOUND */
export function definitionOf({ flags }: FlagFile, flag: string): FlagDefinition {
  const definition = Object.hasOwn(flags, flag) ? flags[flag] : undefined
  if (definition === undefined) throw flagNotFound(flag, Object.keys(flags))
  return definition
}

function flagNotFound(flag: string, known: readonly string[]): HoldfastError {
  return new HoldfastError(
    'FLAG_NOT_FOUND',
    `There is no flag ${flag}; there are ${known.join(', ') || 'none'}`,
    {
      details: { flag, known },
    },
  )
}

function hashOf(text: string): string {
  return hash('sha256', text, 'hex')
}

/** Names of the flags that are new, gone or another; all that use a segment that is another. */
function changedFlags(before: FlagFile, after: FlagFile): string[] {
  const whole = ({ flags, segments }: FlagFile, name: string) => {
    const flag = flags[name]
    const used = flag?.rules.flatMap(({ segment }) => (segment === null ? [] : [segments[segment] ?? null]))
    return canonicalJson([flag ?? null, used ?? null] as unknown as Json)
  }
  const names = new Set([...Object.keys(before.flags), ...Object.keys(after.flags)])
  return [...names].filter((name) => whole(before, name) !== whole(after, name))
}

/** Erasing somebody from a program: from the log, and the search of the folder that it lies in. */
import { randomBytes } from 'node:crypto'
import { searchFiles, type Trace } from '../../adapters/traces/search.ts'
import { HoldfastError, isHoldfastError } from '../../kernel/errors.ts'
import {
  type Erasures,
  eraseSubject,
  findSubject,
  type Mention,
} from '../../runtime/erasure/erase-subject.ts'
import type { Subject } from '../../runtime/erasure/subject.ts'
import type { Holdfast } from '../../runtime/holdfast.ts'

export interface ErasePersonOptions {
  /** By which runs were started for them. */
  readonly customer?: string
  /** Texts that identify them: addresses, full names, phone numbers, keys of agents. Replaced wherever they are kept. */
  readonly names: readonly string[]
  /** Names of others that hold one of theirs, as `john.smith@…` holds `smith@…`, and are left alone. Default none. */
  readonly others?: readonly string[]
  /** Distinctive pieces of what they said. Default none. */
  readonly pieces?: readonly string[]
  /** Why, for the record. */
  readonly reason: string
  /** Cancels the runs about them that have not ended. Default: CUSTOMER_BUSY is thrown. */
  readonly cancelRuns?: boolean
  /** Erases what others said of them, too. Default: it stays, and is named. */
  readonly mentions?: boolean
  /** Folder of which every file is searched afterwards. Default none. */
  readonly search?: string
}

export interface ErasedPerson extends Erasures {
  /** What others said of them and was not erased. */
  readonly mentions: readonly Mention[]
  /** Where something of them is still found in the folder. */
  readonly traces: readonly Trace[]
}

/** @throws CUSTOMER_BUSY, INPUT_INVALID without a name */
export async function erasePerson(holdfast: Holdfast, options: ErasePersonOptions): Promise<ErasedPerson> {
  const { log } = holdfast
  const { customer = null, names, others = [], pieces = [], reason, mentions = false } = options
  const all = [...new Set([...(customer === null ? [] : [customer]), ...names])].filter((name) => name !== '')
  if (all.length === 0)
    throw new HoldfastError('INPUT_INVALID', 'Nothing says who is to be erased: give a name')
  const token = randomBytes(6).toString('hex')
  const subject: Subject = { customer, names: all, others, ids: [], streams: [], pieces, token }
  for (const run of options.cancelRuns ? findSubject(log, subject, mentions).open : []) {
    await holdfast.cancel(run, 'the customer is erased').catch((error) => {
      if (!isHoldfastError(error) || error.code !== 'RUN_ENDED') throw error
    })
  }
  await holdfast.idle()
  // For the sealed backups: those from before it end earlier.
  const note = { somebody: true }
  const erased = await eraseSubject(log, { subject, actor: 'operator', reason, mentions, note })
  log.compact({ anew: true })
  const wanted = [
    ...all.map((text) => ({ what: 'name', text, whole: true, others })),
    ...pieces.map((text) => ({ what: 'text', text, whole: false })),
  ]
  const traces = options.search === undefined ? [] : (await searchFiles(options.search, wanted)).traces
  return { ...erased, mentions: findSubject(log, subject).mentions, traces }
}

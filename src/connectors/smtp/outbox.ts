/**
 * Marks of the mails that are being handed over: a file for each, named after its idempotency key, holding
 * the mail as it was sent.
 */
import { access, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { isHoldfastError } from '../../kernel/errors.ts'
import { keyHash } from '../../mail/compose.ts'
import { makeFolder, syncFolder, writeDurably } from '../maildir/durable-file.ts'
import { isMissing, withFolder } from '../maildir/failure.ts'

export interface Outbox {
  /**
   * Sets the mark, durably, and then does the work. The mark stays when the work succeeds, and when it
   * throws CONNECTOR_OUTCOME_UNKNOWN or anything that is not a connector's error. It is taken away when
   * the work surely did nothing, unless an earlier attempt had set it: that one may have done something.
   * @throws what the work throws; CONNECTOR_UNAVAILABLE when the mark can't be set.
   */
  during<Result>(key: string, raw: Uint8Array, work: () => Promise<Result>): Promise<Result>
  has(key: string): Promise<boolean>
  /** Fine when there is no mark. */
  remove(key: string): Promise<void>
}

export function outbox(dir: string): Outbox {
  const pathFor = (key: string) => join(dir, `${keyHash(key)}.eml`)
  const inFolder = <Result>(work: () => Promise<Result>) => withFolder('CONNECTOR_UNAVAILABLE', dir, work)
  const self: Outbox = {
    async during(key, raw, work) {
      const earlier = await self.has(key)
      try {
        await inFolder(async () => {
          await makeFolder(dir)
          await writeDurably(pathFor(key), raw)
          await syncFolder(dir)
        })
        return await work()
      } catch (error) {
        if (!earlier && didNothing(error)) await self.remove(key)
        throw error
      }
    },
    has(key) {
      return inFolder(() => exists(pathFor(key)))
    },
    remove(key) {
      return inFolder(async () => {
        if (await exists(pathFor(key))) await unlink(pathFor(key))
      })
    },
  }
  return self
}

function didNothing(error: unknown): boolean {
  return isHoldfastError(error) && ['CONNECTOR_UNAVAILABLE', 'CONNECTOR_REFUSED'].includes(error.code)
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path)
    return true
  } catch (error) {
    if (isMissing(error)) return false
    throw error
  }
}

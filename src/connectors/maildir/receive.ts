import { z } from 'zod'
import type { Operation } from '../../ports/connector.ts'
import { refuseWhenAborted, withFolder } from './failure.ts'
import { waitingIn } from './inbox.ts'
import { baseName } from './names.ts'

const nothing = z.strictObject({})
const waiting = z.strictObject({
  /** What waits in the inbox, by reference, oldest first. */
  refs: z.array(z.string()),
})

/** Tells what waits in the Maildir `dir`. */
export function receiveFrom(dir: string): Operation<z.infer<typeof nothing>, z.infer<typeof waiting>> {
  return {
    manifest: {
      title: 'See which mail waits in the inbox',
      effect: 'read',
      idempotency: 'natural',
      hosts: [],
      dataClass: 'private',
    },
    input: nothing,
    output: waiting,
    async perform(_input, { signal }) {
      refuseWhenAborted(signal)
      const files = await withFolder('CONNECTOR_UNAVAILABLE', dir, () => waitingIn(dir))
      return { refs: files.map(baseName) }
    },
  }
}

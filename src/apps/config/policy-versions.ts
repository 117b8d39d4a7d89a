/**
 * Versions of `policy.yaml` on record: whole, as `policy.adopted`, when a workspace is opened with another text than
 * before. The version by which a decision was made is the last one before it.
 */
import { hash } from 'node:crypto'
import { OWNER } from '../../kernel/label.ts'
import type { EventLog } from '../../ports/event-log.ts'

/** The stream of the versions. */
export const POLICY_STREAM = 'policy'

/** @param text of the file; null where there is none, and its defaults hold. */
export async function adoptPolicy(log: EventLog, text: string | null): Promise<void> {
  const digest = hash('sha256', text ?? '', 'hex')
  const last = log.readStream(POLICY_STREAM).at(-1)
  if (last?.body?.hash === digest) return
  const event = { kind: 'policy.adopted', actor: 'operator', label: OWNER, body: { hash: digest, text } }
  await log.append([{ stream: POLICY_STREAM, expectedVersion: last?.version ?? 0, events: [event] }])
}

/**
 * One mail, one approved reply, in a process that may stop itself at a crash point. With `settle` it also
 * answers the question whether a reply whose outcome is unknown was sent: `approve` that it was, `reject`
 * that it was not.
 *
 *     node e2e/testing/one-reply.ts WORKSPACE MAIL [approve|reject]
 */
import { readFileSync } from 'node:fs'
import { armFromEnvironment } from '../../src/apps/cli/crash-env.ts'
import { openWorkspace } from '../../src/apps/workspace.ts'

const [dir = '', mail = '', settle] = process.argv.slice(2)
armFromEnvironment(process.env)
const workspace = await openWorkspace({ dir, env: process.env })
const { holdfast } = workspace
await workspace.intake.receive({ raw: readFileSync(mail), channel: 'file', ref: mail })
await holdfast.idle()
for (const review of holdfast.reviews()) {
  if (review.action === 'send-reply') await holdfast.answer(review.id, { verdict: 'approved' })
  else if (settle)
    await holdfast.answer(review.id, { verdict: settle === 'approve' ? 'approved' : 'rejected' })
}
await holdfast.idle()
const open = holdfast.reviews().map(({ action }) => action)
await workspace.close()
process.stdout.write(JSON.stringify({ open }))

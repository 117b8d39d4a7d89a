/** What the tests of the mail connectors have in common. */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { OutgoingMail } from '../../../mail/outgoing.ts'
import type { OperationContext } from '../../../ports/connector.ts'

export const MAIL: OutgoingMail = {
  from: { name: 'Mara', address: 'mara@studio.example' },
  to: [{ name: 'Anna Berg', address: 'anna@berg.example' }],
  subject: 'Re: A website',
  text: 'Hello Anna,\n\nit would cost 3,000.\n.\nMara\n',
  inReplyTo: 'a1@berg.example',
  references: ['a1@berg.example'],
}

/** A folder of its own that is gone after the test. */
export function temporaryFolder(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'mail-connector-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

export function attempt(key: string, signal = new AbortController().signal): OperationContext {
  const secret = (name: string) => Promise.reject(new Error(`no secret ${name}`))
  return { idempotencyKey: key, signal, attempt: 1, cost() {}, secret }
}

/** Names of the files in a folder; none when there is no folder. */
export function filesIn(...path: readonly string[]): string[] {
  const dir = join(...path)
  return existsSync(dir) ? readdirSync(dir) : []
}

/** The one mail filed in a Sent folder. */
export function onlySent(sentDir: string): string {
  const files = filesIn(sentDir, 'cur')
  assert.equal(files.length, 1)
  return readFileSync(join(sentDir, 'cur', files[0] ?? ''), 'utf8')
}

import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { openSqliteEventLog } from '../adapters/sqlite/event-log.ts'
import { fileVault, VAULT_FILE } from '../adapters/vault/vault.ts'
import type { StoredEvent } from '../kernel/event.ts'
import { armCrashPoints } from '../ports/crash-points.ts'
import { createRedactor } from './redactor.ts'
import { secretsProjection } from './secret-index.ts'
import { Secrets } from './secrets.ts'

const VALUE = 'canary-51c7'

function workspace(t: TestContext) {
  const dir = mkdtempSync(join(tmpdir(), 'secrets-'))
  t.after(() => rmSync(dir, { recursive: true }))
  let now = 0
  const clock = { now: () => ++now }
  return {
    file: join(dir, VAULT_FILE),
    /** As a process that opens it and closes it again. */
    async visit<Result>(
      work: (secrets: Secrets, log: ReturnType<typeof openSqliteEventLog>) => Promise<Result>,
    ) {
      const redactor = createRedactor()
      const log = openSqliteEventLog({ dir, clock, projections: [secretsProjection], redact: redactor.json })
      try {
        const vault = fileVault({ dir, env: { XDG_DATA_HOME: join(dir, 'data') } })(log.id)
        const secrets = new Secrets({ vault, log, redactor, clock })
        await secrets.learn()
        return await work(secrets, log)
      } finally {
        log.verify()
        assert.deepEqual(log.rebuild({ replace: false }).differing, [])
        await log.close()
      }
    },
  }
}

const brief = ({ stream, kind, actor, body }: StoredEvent) => [stream, kind, actor, body]

test('what is done with a secret is on record by name and version, never its value', async (t) => {
  const { visit } = workspace(t)
  await visit(async (secrets) => {
    await secrets.set('smtp', VALUE)
    assert.equal(await secrets.reveal('smtp', 'smtp.send'), VALUE)
    await secrets.rotate('smtp', `${VALUE}-2`)
    await secrets.rotateKey()
    assert.equal(await secrets.reveal('smtp', 'smtp.send'), `${VALUE}-2`)
    const [listed] = await secrets.list()
    assert.deepEqual(
      { ...listed, set: 0, used: 0 },
      {
        name: 'smtp',
        version: 2,
        set: 0,
        uses: 2,
        used: 0,
        usedBy: 'smtp.send',
      },
    )
    await secrets.remove('smtp')
    assert.deepEqual(await secrets.list(), [])
    await assert.rejects(secrets.reveal('smtp', 'smtp.send'), { code: 'SECRET_UNKNOWN' })
    assert.equal((await secrets.set('smtp', VALUE)).version, 3)
  })
  await visit(async (_, log) => {
    const events = [...log.read()]
    const { from, to, ...rest } = events[4 - 1]?.body ?? {}
    assert.deepEqual(events.filter(({ kind }) => kind !== 'vault.rotated').map(brief), [
      ['secret/smtp', 'secret.set', 'operator', { name: 'smtp', version: 1 }],
      ['secret/smtp', 'secret.used', 'smtp.send', { name: 'smtp', version: 1 }],
      ['secret/smtp', 'secret.rotated', 'operator', { name: 'smtp', version: 2 }],
      ['secret/smtp', 'secret.used', 'smtp.send', { name: 'smtp', version: 2 }],
      ['secret/smtp', 'secret.removed', 'operator', { name: 'smtp', version: 2 }],
      ['secret/smtp', 'secret.set', 'operator', { name: 'smtp', version: 3 }],
    ])
    assert.deepEqual(rest, { secrets: 1 })
    assert.notEqual(from, to)
    assert.doesNotMatch(JSON.stringify(events), /canary/)
  })
})

test('a value that is rotated must be there, and another one', async (t) => {
  await workspace(t).visit(async (secrets, log) => {
    await assert.rejects(secrets.rotate('smtp', VALUE), { code: 'SECRET_UNKNOWN' })
    await secrets.set('smtp', VALUE)
    await assert.rejects(secrets.rotate('smtp', VALUE), { code: 'SECRET_INVALID' })
    assert.equal(log.head().position, 1)
  })
})

test('what was changed when the process died before the record is put on record by the next', async (t) => {
  const { visit } = workspace(t)
  t.after(() => armCrashPoints(null))
  const dying = async (work: (secrets: Secrets) => Promise<unknown>) => {
    armCrashPoints((point) => {
      if (point === 'vault.before-record') throw new Error('dies here')
    })
    await assert.rejects(visit(work), { message: 'dies here' })
    armCrashPoints(null)
  }
  await dying((secrets) => secrets.set('smtp', VALUE))
  await visit(async (secrets, log) => {
    assert.deepEqual([...log.read()].map(brief), [
      ['secret/smtp', 'secret.set', 'recovery', { name: 'smtp', version: 1 }],
    ])
    assert.equal(await secrets.reveal('smtp', 'x'), VALUE)
  })
  await dying((secrets) => secrets.remove('smtp'))
  await visit(async (_, log) => {
    assert.deepEqual([...log.read()].slice(2).map(brief), [
      ['secret/smtp', 'secret.removed', 'recovery', { name: 'smtp', version: 1 }],
    ])
  })
})

test('an older version that is put back in its place does not open', async (t) => {
  const { visit, file } = workspace(t)
  await visit((secrets) => secrets.set('smtp', VALUE))
  const old = readFileSync(file)
  await visit((secrets) => secrets.set('smtp', `${VALUE}-2`))
  writeFileSync(file, old)
  await visit(async (secrets) => {
    await assert.rejects(secrets.reveal('smtp', 'x'), {
      code: 'VAULT_ENVELOPE_BROKEN',
      message: /version 1 .* version 2/,
    })
    const [checked] = await secrets.check()
    assert.equal(checked?.trouble?.code, 'VAULT_ENVELOPE_BROKEN')
    await secrets.set('smtp', VALUE)
    assert.equal(await secrets.reveal('smtp', 'x'), VALUE)
  })
})

test('a secret that turns up in the body of an event is its handle there, told and kept', async (t) => {
  const { visit } = workspace(t)
  await visit((secrets) => secrets.set('smtp', VALUE))
  await visit(async (_, log) => {
    const label = { trust: 'system', sources: [], readers: null } as const
    const body = { note: `it is ${VALUE}`, [VALUE]: [Buffer.from(VALUE).toString('base64')] }
    const [stored] = await log.append([
      { stream: 'a', expectedVersion: 0, events: [{ kind: 'a.noted', actor: 'x', label, body }] },
    ])
    const clean = { note: 'it is vault:smtp', 'vault:smtp': ['vault:smtp'] }
    assert.deepEqual(stored?.body, clean)
    assert.deepEqual(log.readStream('a')[0]?.body, clean)
  })
})

test('without its key, or with a broken file, a workspace opens all the same', async (t) => {
  const { visit, file } = workspace(t)
  await visit((secrets) => secrets.set('smtp', VALUE))
  rmSync(join(file, '..', 'data'), { recursive: true })
  await visit(async (secrets) => {
    await assert.rejects(secrets.reveal('smtp', 'x'), { code: 'VAULT_KEY_MISSING' })
    const [checked] = await secrets.check()
    assert.equal(checked?.trouble?.code, 'VAULT_KEY_MISSING')
  })
  writeFileSync(file, 'not a vault')
  await visit(async (secrets) => assert.rejects(secrets.list(), { code: 'VAULT_INVALID' }))
})

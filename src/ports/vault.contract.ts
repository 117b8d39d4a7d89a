/** What every vault must hold to. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Vault } from './vault.ts'

export interface VaultPlace {
  /** Opens it anew, as after a restart; with an id, as the vault of another workspace. */
  open(workspace?: string): Vault
  /** All that is stored, as bytes. */
  stored(): Promise<Buffer>
  dispose(): Promise<void>
}

const VALUE = 'correct-horse-battery-staple'

/** @param make a new and empty vault */
export function vaultContract(make: () => Promise<VaultPlace>): void {
  const on = (title: string, work: (place: VaultPlace) => Promise<void>): void => {
    test(title, async () => {
      const place = await make()
      try {
        await work(place)
      } finally {
        await place.dispose()
      }
    })
  }
  const at = (now: number, above = 0) => ({ now, above })

  on(
    'a secret opens as what it was set to, also after a restart; its value is stored nowhere',
    async (place) => {
      assert.deepEqual(await place.open().set('smtp', VALUE, at(5)), { name: 'smtp', version: 1, set: 5 })
      assert.deepEqual(await place.open().open('smtp'), { name: 'smtp', version: 1, set: 5, value: VALUE })
      const stored = await place.stored()
      assert.ok(stored.includes('smtp'), 'what is stored was looked at')
      for (const form of ['utf8', 'base64', 'hex'] as const) {
        assert.ok(!stored.includes(Buffer.from(VALUE).toString(form).replace(/=+$/, '')), form)
      }
    },
  )

  on('an empty vault is read without a key, and holds nothing', async (place) => {
    assert.deepEqual(await place.open().list(), [])
    assert.equal(await place.open().keyInUse(), null)
    await assert.rejects(place.open().open('smtp'), { code: 'SECRET_UNKNOWN' })
    await assert.rejects(place.open().remove('smtp'), { code: 'SECRET_UNKNOWN' })
  })

  on(
    'each value is a version; a removed secret goes on after its last one, and after what the log knows',
    async (place) => {
      const vault = place.open()
      await vault.set('b', VALUE, at(1))
      await vault.set('a', VALUE, at(2))
      assert.equal((await vault.set('b', `${VALUE}2`, at(3))).version, 2)
      assert.deepEqual(await vault.list(), [
        { name: 'a', version: 1, set: 2 },
        { name: 'b', version: 2, set: 3 },
      ])
      assert.equal((await vault.remove('b')).version, 2)
      assert.deepEqual(
        (await vault.list()).map(({ name }) => name),
        ['a'],
      )
      await assert.rejects(vault.open('b'), { code: 'SECRET_UNKNOWN' })
      assert.equal((await vault.set('b', VALUE, at(4))).version, 3)
      assert.equal((await vault.set('a', VALUE, at(5, 7))).version, 8)
    },
  )

  on('what was sealed in one workspace does not open in another', async (place) => {
    await place.open().set('smtp', VALUE, at(1))
    await assert.rejects(place.open('another').open('smtp'), { code: 'VAULT_ENVELOPE_BROKEN' })
  })

  on('with a new master key all is as before, under another fingerprint', async (place) => {
    const vault = place.open()
    await vault.set('a', VALUE, at(1))
    await vault.set('b', 'another value', at(2))
    await vault.remove('b')
    const { fingerprint } = await vault.prepare()
    const { from, to, secrets } = await vault.rotate()
    assert.deepEqual([from, secrets], [fingerprint, 1])
    assert.notEqual(to, from)
    assert.equal(await place.open().keyInUse(), to)
    assert.equal((await place.open().open('a')).value, VALUE)
    assert.deepEqual(await vault.list(), [{ name: 'a', version: 1, set: 1 }])
  })

  on('names and values that can not be are refused, and no value is told', async (place) => {
    const vault = place.open()
    for (const name of ['', 'A', 'a b', '../a', 'a'.repeat(65), '-a', '__proto__']) {
      await assert.rejects(vault.set(name, VALUE, at(1)), { code: 'SECRET_INVALID' }, name)
    }
    for (const value of ['', ' \n', `vault:${VALUE}`, VALUE.repeat(3_000)]) {
      await assert.rejects(vault.set('a', value, at(1)), (error: Error & { code: string }) => {
        assert.equal(error.code, 'SECRET_INVALID')
        assert.ok(!JSON.stringify([error.message, error]).includes('battery'))
        return true
      })
    }
    assert.deepEqual(await vault.list(), [])
  })
}

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BackupState, ListedBackup } from '../../adapters/backup/backup-keys.ts'
import { backupsRow } from './doctor-backups.ts'

function listed(state: BackupState, folder: string | null = '/media/stick'): ListedBackup {
  return {
    id: `bk-${state}`,
    to: '/copies/one',
    made: 0,
    folder,
    expires: 1,
    position: 1,
    files: 1,
    bytes: 1,
    destroyed: null,
    why: null,
    erased: null,
    state,
    until: 1,
  }
}

const row = (...backups: ListedBackup[]) => backupsRow('/ws', backups)

test('keys that are due, missing, or in the workspace are told, in this order', () => {
  assert.deepEqual(row().ok, true)
  assert.deepEqual(row(listed('plain', null), listed('readable'), listed('destroyed')).ok, true)
  const inside = listed('readable', 'backup-keys')
  assert.match(row(inside).detail, /1 sealed backups lie in the workspace/)
  assert.match(row(inside, listed('missing')).detail, /bk-missing is not in \/media\/stick/)
  assert.deepEqual(
    [row(listed('missing')).ok, row(inside, listed('missing'), listed('due')).ok],
    ['warn', false],
  )
  assert.equal(row(listed('readable', '/ws-other/keys')).ok, true)
})

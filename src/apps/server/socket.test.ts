import assert from 'node:assert/strict'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { bindSocket, SOCKET_FILE, SOCKET_POINTER, socketOf } from './socket.ts'

const LONG = 'a-folder-with-a-name-that-is-long/'.repeat(4)

function emptyDir(t: TestContext, below = ''): string {
  const root = mkdtempSync(join(tmpdir(), 'socket-'))
  t.after(() => rmSync(root, { recursive: true }))
  const dir = join(root, below)
  mkdirSync(dir, { recursive: true })
  return dir
}

function server(t: TestContext): Server {
  const made = createServer((socket) => socket.end('here'))
  t.after(() => made.close())
  return made
}

function answer(path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    const socket = connect(path)
    socket.on('data', (data) => {
      text += data
    })
    socket.on('end', () => resolve(text)).on('error', reject)
  })
}

for (const [where, below] of [
  ['in the workspace', ''],
  ['elsewhere when its path is too long', LONG],
] as const) {
  test(`the socket stands ${where}, for the owner alone, and leaves nothing behind`, async (t) => {
    const dir = emptyDir(t, below)
    assert.equal(socketOf(dir), null)
    const { path, remove } = await bindSocket(server(t), dir)
    assert.equal(socketOf(dir), path)
    assert.equal(await answer(path), 'here')
    assert.equal(statSync(path).mode & 0o777, 0o600)
    assert.deepEqual(readdirSync(dir), [below === '' ? SOCKET_FILE : SOCKET_POINTER])
    if (below !== '') assert.equal(statSync(dirname(path)).mode & 0o777, 0o700)
    await remove()
    assert.deepEqual(readdirSync(dir), [])
    assert.equal(socketOf(dir), null)
    if (below !== '') assert.ok(!existsSync(dirname(path)))
  })

  test(`a socket that was left over is replaced, ${where}`, async (t) => {
    const dir = emptyDir(t, below)
    const left = await bindSocket(server(t), dir)
    mkdirSync(join(dir, '.sock-left'))
    const { path } = await bindSocket(server(t), dir)
    assert.equal(await answer(path), 'here')
    assert.equal(readdirSync(dir).length, 1)
    if (below !== '') assert.ok(!existsSync(dirname(left.path)))
  })
}

test('what the pointer names is only taken away when it is ours', async (t) => {
  const dir = emptyDir(t)
  const other = emptyDir(t, 'holdfast-letters')
  writeFileSync(join(other, 'precious'), 'x')
  for (const named of ['precious', SOCKET_FILE]) {
    writeFileSync(join(dir, SOCKET_POINTER), join(other, named))
    await bindSocket(server(t), dir)
    assert.equal(readFileSync(join(other, 'precious'), 'utf8'), 'x')
  }
})

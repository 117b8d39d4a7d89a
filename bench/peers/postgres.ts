/** A PostgreSQL server of its own in a folder, as installed by Debian's package `postgresql`, with its defaults (fsync on). */
import { execFileSync, spawn } from 'node:child_process'
import { chmodSync, chownSync, existsSync, globSync, mkdirSync } from 'node:fs'
import { createServer } from 'node:net'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'

export interface Postgres {
  readonly url: string
  stop(): Promise<void>
}

export async function startPostgres(dir: string): Promise<Postgres> {
  const data = join(dir, 'postgres')
  const as = serverUser()
  mkdirSync(data)
  if (as !== null) {
    chmodSync(dir, 0o755)
    chownSync(data, as.uid, as.gid)
  }
  const user = as === null ? {} : { uid: as.uid, gid: as.gid }
  execFileSync(program('initdb'), ['-D', data, '-U', 'bench', '--auth=trust'], { stdio: 'pipe', ...user })
  const port = await freePort()
  const settings = [
    '-c',
    'listen_addresses=127.0.0.1',
    '-c',
    `unix_socket_directories=${data}`,
    '-c',
    'max_connections=300',
  ]
  const server = spawn(program('postgres'), ['-D', data, '-p', String(port), ...settings], {
    stdio: 'ignore',
    ...user,
  })
  const url = `postgresql://bench@127.0.0.1:${port}/postgres`
  await answering(url)
  const stopped = new Promise<void>((resolve) => server.once('exit', () => resolve()))
  return {
    url,
    stop: async () => {
      server.kill('SIGINT')
      await stopped
    },
  }
}

/** PostgreSQL does not run as root. */
function serverUser(): { uid: number; gid: number } | null {
  if (userInfo().uid !== 0) return null
  const [uid = 0, gid = 0] = ['-u', '-g'].map((flag) =>
    Number(execFileSync('id', [flag, 'postgres']).toString()),
  )
  return { uid, gid }
}

function program(name: string): string {
  const found = globSync(`/usr/lib/postgresql/*/bin/${name}`).at(-1)
  if (found !== undefined && existsSync(found)) return found
  return name
}

async function answering(url: string): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    const client = new pg.Client({ connectionString: url })
    try {
      await client.connect()
      await client.end()
      return
    } catch (error) {
      if (tries > 100) throw error
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
}

export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : 0
}

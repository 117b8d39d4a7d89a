/** Runs the commands of the tooling: from the root of the package, with its tools found first. */
import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { delimiter, join } from 'node:path'

export const ROOT = join(import.meta.dirname, '..')

const PATH = [join(ROOT, 'node_modules', '.bin'), process.env.PATH].join(delimiter)

/**
 * Resolves to the exit code, 128 + n when signal n ended the command. SIGTERM and SIGHUP to this
 * process are handed on; a terminal sends Ctrl-C to both by itself.
 */
export async function run(command: string, args: readonly string[]): Promise<number> {
  const child = spawn(command, args, { cwd: ROOT, stdio: 'inherit', env: { ...process.env, PATH } })
  const handOn = (signal: NodeJS.Signals) => child.kill(signal)
  process.on('SIGTERM', handOn).on('SIGHUP', handOn)
  try {
    return await new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('exit', (code, signal) => resolve(signal ? 128 + constants.signals[signal] : (code ?? 1)))
    })
  } finally {
    process.off('SIGTERM', handOn).off('SIGHUP', handOn)
  }
}

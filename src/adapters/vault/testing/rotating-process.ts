/**
 * One process that rotates the master key of a vault, again and again: `node rotating-process.ts DIR`. It says
 * `rotated` after each, and may stop itself.
 */
import { armCrashPoints } from '../../../ports/crash-points.ts'
import { fileVault } from '../vault.ts'

const [dir = ''] = process.argv.slice(2)
const { HOLDFAST_CRASH_AT: point = '' } = process.env
armCrashPoints((reached) => {
  if (reached === point) process.kill(process.pid, 'SIGKILL')
})
const vault = fileVault({ dir, env: process.env })('w-1')
for (;;) {
  await vault.rotate()
  process.stdout.write('rotated\n')
}

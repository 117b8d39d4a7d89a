/** Crash tests: `HOLDFAST_CRASH_AT=point:nth` has the process kill itself the nth time it reaches a crash point. */
import type { Environment } from '../../adapters/system/environment.ts'
import { armCrashPoints } from '../../ports/crash-points.ts'

export function armFromEnvironment(env: Environment): void {
  const [point, nth = '1'] = (env.HOLDFAST_CRASH_AT ?? '').split(':')
  if (!point) return
  let left = Number(nth)
  armCrashPoints((reached) => {
    if (reached !== point) return
    left -= 1
    if (left === 0) process.kill(process.pid, 'SIGKILL')
  })
}

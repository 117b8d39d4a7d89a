/** Crash tests: `HOLDFAST_CRASH_AT=point:nth` has the process kill itself the nth time it reaches a crash point. */
import type { Environment } from '../../adapters/system/environment.ts'
import { HoldfastError } from '../../kernel/errors.ts'
import {
  armCrashPoints,
  BACKUP_CRASH_POINTS,
  CRASH_POINTS,
  ERASURE_CRASH_POINTS,
  VAULT_CRASH_POINTS,
} from '../../ports/crash-points.ts'

const POINTS = [...CRASH_POINTS, ...VAULT_CRASH_POINTS, ...ERASURE_CRASH_POINTS, ...BACKUP_CRASH_POINTS]

/** @throws CONFIG_INVALID for a point that there is not: the test would pass without a crash. */
export function armFromEnvironment(env: Environment): void {
  const wanted = env.HOLDFAST_CRASH_AT
  if (!wanted) return
  const [name, nth = '1'] = wanted.split(':')
  const point = POINTS.find((one) => one === name)
  let left = Number(nth)
  if (point === undefined || !Number.isInteger(left) || left < 1) {
    throw new HoldfastError('CONFIG_INVALID', `HOLDFAST_CRASH_AT can't be ${JSON.stringify(wanted)}`, {
      details: { wanted, known: POINTS },
      fix: `Give one of ${POINTS.join(', ')}, and which time it is reached, such as \`run.after-end:2\`.`,
    })
  }
  armCrashPoints((reached) => {
    if (reached !== point) return
    left -= 1
    if (left === 0) process.kill(process.pid, 'SIGKILL')
  })
}

/** Whether somebody typed this command, so that it is a sign of the operator. */
import type { Environment } from '../../adapters/system/environment.ts'

/** Commands of scripts and timers are none. HOLDFAST_ATTENDED says it where a terminal does not: `yes` or `no`. */
export function isAttended(env: Environment, isTerminal = process.stdin.isTTY === true): boolean {
  const said = env.HOLDFAST_ATTENDED?.trim().toLowerCase()
  if (said === 'yes' || said === 'no') return said === 'yes'
  return isTerminal
}

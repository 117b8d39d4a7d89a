/** The remit of an agent: its names, and what may be asked of it. */
import { HoldfastError } from '../kernel/errors.ts'
import { LEVELS, type Level, type Remit } from '../ports/autonomy.ts'
import type { EffectClass } from '../ports/connector.ts'
import { rank } from './settings.ts'

/** The segment of all customers. */
export const ALL = 'all'

export function streamOf({ agent, action, segment }: Remit): string {
  return `autonomy/${agent}/${action}/${segment}`
}

export function spoken({ agent, action, segment }: Remit): string {
  return `${agent} ${action}${segment === ALL ? '' : ` for ${segment}`}`
}

export function percent(part: number): string {
  return `${Math.round(part * 1_000) / 10} %`
}

const NAME = /^[^\s\p{Cc}\p{Cs}][^\p{Cc}\p{Cs}]{0,199}$/u

/** The three names and nothing else of what is given. @throws INPUT_INVALID */
export function checkedRemit({ agent, action, segment }: Remit): Remit {
  const remit = { agent, action, segment }
  for (const [what, value] of Object.entries(remit)) {
    if (typeof value === 'string' && NAME.test(value)) continue
    throw new HoldfastError('INPUT_INVALID', `${JSON.stringify(value)} can't be the ${what} of a remit`, {
      details: { [what]: String(value) },
      fix: 'Name agent, action and segment as `holdfast autonomy` lists them.',
    })
  }
  return remit
}

/** @throws INPUT_INVALID */
export function checkLevel(what: 'level' | 'ceiling', level: unknown): void {
  if (level === undefined || LEVELS.some((one) => one === level)) return
  throw new HoldfastError('INPUT_INVALID', `${JSON.stringify(level)} can't be a ${what}`, {
    details: { [what]: String(level) },
    fix: `The levels are ${LEVELS.join(', ')}.`,
  })
}

/** @throws AUTONOMY_ABOVE_CEILING */
export function assertBelow(remit: Remit, level: Level, ceiling: Level, effect: EffectClass): void {
  if (rank(level) <= rank(ceiling)) return
  throw new HoldfastError(
    'AUTONOMY_ABOVE_CEILING',
    `${spoken(remit)} can't be at level ${level}: its ceiling is ${ceiling}, and what it does is ${effect}`,
    { details: { ...remit, level, ceiling, effect } },
  )
}

/** The file of the feature flags as the simulated disk has it, whoever edits it, and whoever asks outside of runs. */
import type { FlagDefinition, FlagFile, Rule } from '../src/flags/definitions.ts'
import type { FlagSource } from '../src/flags/flag-book.ts'
import { HoldfastError } from '../src/kernel/errors.ts'
import type { FlagValue } from '../src/kernel/flag.ts'
import type { Callers } from './callers.ts'
import type { Chance } from './chance.ts'
import type { Simulation } from './simulation.ts'

/** The flags that code asks for, with the variants that they have in the file; there is none of the last. */
const VARIANTS = {
  video: { on: true, off: false },
  tone: { warm: 'warm', cold: 'cold' },
  size: { small: 1, large: 2 },
  mistaken: { warm: 'warm', cold: 'cold' },
  nowhere: {},
} as const satisfies Readonly<Record<string, Readonly<Record<string, FlagValue>>>>

export type FlagName = keyof typeof VARIANTS

export interface AskedFlag {
  readonly flag: FlagName
  readonly fallback: FlagValue
  /** Default: the one of the run. */
  readonly customer?: string
  /** Default: the customer, else the run. */
  readonly key?: string
}

/** One of them is not of the type that the flag has. */
const FALLBACKS: Readonly<Record<FlagName, FlagValue>> = {
  video: false,
  tone: 'plain',
  size: 7,
  mistaken: 7,
  nowhere: true,
}
/** Of the segment. */
const GUEST = 'c-guest'

export function drawAskedFlag(chance: Chance): AskedFlag {
  const flag = chance.happens(0.5) ? 'video' : chance.pick(Object.keys(VARIANTS) as [FlagName])
  return {
    flag,
    fallback: FALLBACKS[flag],
    ...(chance.happens(0.4) ? { customer: chance.pick([GUEST, 'c-other']) } : {}),
    ...(chance.happens(0.7) ? { key: `k${chance.whole(0, 1)}` } : {}),
  }
}

/** Whether a flag can have said this. */
export function canSay({ flag, fallback }: AskedFlag, value: unknown): boolean {
  return value === fallback || Object.values<unknown>(VARIANTS[flag]).includes(value)
}

function drawDefinition(chance: Chance, variants: Readonly<Record<string, FlagValue>>): FlagDefinition {
  const names = Object.keys(variants) as [string]
  return {
    description: '',
    type: typeof Object.values(variants)[0] as FlagDefinition['type'],
    enabled: chance.happens(0.85),
    variants,
    default: chance.pick(names),
    off: chance.pick(names),
    rules: Array.from({ length: chance.pick([0, 1, 1, 2]) }, () => drawRule(chance, names)),
  }
}

function drawRule(chance: Chance, names: readonly [string]): Rule {
  const segment = chance.happens(0.5) ? 'guests' : null
  if (chance.happens(0.25)) return { segment, serve: chance.pick(names), split: null }
  return { segment, serve: null, split: { [chance.pick(names)]: chance.pick([0, 20, 50, 80, 100]) } }
}

export class FlagDesk {
  #text: string | null = null
  readonly #around: Simulation
  readonly #callers: Callers
  readonly #chance: Chance

  constructor(around: Simulation, callers: Callers, chance: Chance) {
    this.#around = around
    this.#callers = callers
    this.#chance = chance
  }

  readonly source: FlagSource = {
    read: () => this.#text,
    parse(text) {
      if (text.startsWith('{')) return JSON.parse(text) as FlagFile
      throw new HoldfastError('FLAGS_INVALID', 'This is no set of flags')
    },
  }

  /** Now and then the file is gone, or says nothing that can be read. */
  edit(): void {
    this.#around.tally.add('flags: edited')
    const chance = this.#chance
    const how = chance.weighted({ whole: 8, broken: 1, gone: 1 })
    if (how === 'gone') this.#text = null
    else if (how === 'broken') this.#text = `broken ${chance.whole(0, 3)}`
    else {
      const where = [{ field: 'id', operator: 'is', value: GUEST }] as const
      const { nowhere: _, ...known } = VARIANTS
      const flags = Object.entries(known).map(([name, variants]) => [name, drawDefinition(chance, variants)])
      const segments = { guests: { description: '', match: 'all', where } } as const
      this.#text = JSON.stringify({ segments, flags: Object.fromEntries(flags) } satisfies FlagFile)
    }
  }

  /** A program asks. */
  ask(): void {
    const { flag, fallback, ...subject } = drawAskedFlag(this.#chance)
    this.#around.tally.add('flags: asked outside of runs')
    this.#callers.ask(`flag ${flag}`, async ({ hf, log }) => {
      await hf.flags.evaluate(flag, fallback, subject)
      const times = log.versionOf(`flag/${flag}`)
      return (now) => now.log.versionOf(`flag/${flag}`) >= times
    })
  }
}

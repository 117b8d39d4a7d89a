/** The model of one simulated process: it answers as the rules would, if it answers. */
import { HoldfastError } from '../src/kernel/errors.ts'
import type { Model } from '../src/ports/model.ts'
import type { Chance } from './chance.ts'
import { never } from './connector.ts'
import type { Tally } from './tally.ts'

/** In millionths of a dollar: mostly the same, and now and then more than was expected. */
const PRICES_MICROS = [1_000, 1_000, 1_000, 5_000] as const

export interface ModelAround {
  readonly chance: Chance
  readonly tally: Tally
  readonly isDead: () => boolean
  /** From 0 to 1. */
  readonly faults: () => number
  /** Told of each question before it is asked. */
  readonly begins: (what: string) => void
  readonly pause: (ms: number) => Promise<void>
}

export function simModel({ chance, tally, isDead, faults, pause, begins }: ModelAround): Model {
  return {
    provider: 'sim',
    model: 'sim-1',
    host: 'model.invalid',
    async ask({ material }) {
      if (isDead()) return await never()
      begins('a question to the model')
      const fate = chance.happens(faults())
        ? chance.weighted({ down: 2, garbled: 1, silent: 1 })
        : ('ok' as const)
      tally.add(`model: ${fate}`)
      await pause(chance.whole(1, 3_000))
      if (fate === 'down') throw new HoldfastError('MODEL_UNAVAILABLE', 'overloaded')
      if (fate === 'silent') return await never()
      const answer = fate === 'garbled' ? 'perhaps' : (material.n ?? null)
      const usage = {
        inputTokens: 10,
        outputTokens: 1,
        priceMicros: chance.pick([...PRICES_MICROS]),
        latencyMs: 5,
      }
      return { answer: { answer, confidence: 1, reasons: [] }, usage }
    },
  }
}

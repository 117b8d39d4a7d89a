/** The deeds that ask something of the living process. */
import type { Chance } from './chance.ts'
import type { Deed } from './plan.ts'
import { keepTo } from './retention.ts'
import type { Simulation } from './simulation.ts'

const HOUR = 3_600_000

type Asking = (simulation: Simulation, chance: Chance) => void | Promise<void>

export const ASKED = {
  start: ({ callers, plan }, chance) => callers.start(chance.whole(0, plan.runs.length - 1)),
  'start again': ({ callers }) => callers.startAgain(),
  crowd: ({ callers }) => callers.crowd(),
  stop: ({ operator }) => operator.stop(),
  'order a stop': ({ operator }) => operator.order('stop'),
  'go on': ({ operator }) => operator.goOn(),
  emit: ({ callers }) => callers.emit(),
  tick: ({ callers }) => callers.tick(),
  call: ({ callers }) => callers.call(),
  'emit again': ({ callers }) => callers.emitAgain(),
  answer: ({ callers }) => callers.answer(),
  'answer again': ({ callers }) => callers.answer(2),
  cancel: ({ callers, plan }, chance) =>
    callers.cancel(plan.runs[chance.whole(0, plan.runs.length - 1)]?.id ?? ''),
  'cancel any': ({ callers }) => callers.cancelAny(),
  'roll back': ({ callers }) => callers.rollBack(),
  question: ({ desk }) => desk.question(),
  look: ({ desk }) => desk.look(),
  snooze: ({ desk }) => desk.snooze(),
  delegate: ({ desk }) => desk.delegate(),
  revoke: ({ desk }) => desk.revoke(),
  batch: ({ desk }) => desk.batch(),
  think: ({ levels }) => levels.think(),
  'set level': ({ levels }) => levels.set(),
  'decide level': ({ levels }) => levels.decide(),
  demote: ({ levels }) => levels.demote(),
  compare: ({ levels }) => levels.compare(),
  jump: (simulation, chance) => {
    simulation.tally.add('clock: jump')
    simulation.jump(Math.round((chance.next() * 2 - 1) * 240 * HOUR))
  },
  later: (simulation, chance) => simulation.jump(chance.pick([1, 3, 24]) * HOUR),
  spree: ({ anomalies }) => anomalies.spree(),
  lift: ({ anomalies }) => anomalies.lift(),
  'edit flags': ({ flags }) => flags.edit(),
  'ask flag': ({ flags }) => flags.ask(),
  visit: ({ people }) => people.visit(),
  gossip: ({ people }) => people.gossip(),
  word: ({ people }) => people.word(),
  erase: ({ people }) => people.erase(),
  retain: (simulation, chance) => keepTo(simulation, chance),
  'retry run': ({ deadLetters }) => deadLetters.retry(),
  discard: ({ deadLetters }) => deadLetters.discard(),
  parcel: ({ callers }) => callers.parcel(),
  retry: ({ callers }) => {
    callers.retry()
  },
  pause: ({ callers }) => callers.schedule('pause'),
  resume: ({ callers }) => callers.schedule('resume'),
  fire: ({ callers }) => callers.schedule('fire'),
} as const satisfies Partial<Record<Deed, Asking>>

export function isAsking(deed: Deed): deed is keyof typeof ASKED {
  return Object.hasOwn(ASKED, deed)
}

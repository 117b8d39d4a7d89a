/**
 * What one seed does and suffers. Each seed draws which faults there are at all, so that some are met with
 * alone and others together (Groce and others, "Swarm Testing", 2012).
 */
import type { AutonomySettings } from '../src/ports/autonomy-settings.ts'
import type { PolicySettings } from '../src/ports/policy-settings.ts'
import { drawAnomalies } from './anomalies.ts'
import { drawBudgets } from './budgets.ts'
import type { Chance } from './chance.ts'
import { drawAutonomy } from './levels.ts'
import { MANNERS, RHYTHMS } from './starters.ts'
import { drawTaste, drawTree, type Tree } from './tree.ts'
import { FLAVOURS, type Flavour } from './workflow.ts'

export interface PlannedRun {
  readonly id: string
  readonly tree: Tree
  readonly flavour: Flavour
  readonly key: string
  /** How often it goes on as the next run, if it is a chain. */
  readonly left: number
  readonly priority: number
  readonly delayMs: number | null
}

/** What the driver does next, by weight. */
export type Deed =
  | 'turns'
  | 'settle'
  | 'pass'
  | 'start'
  | 'start again'
  | 'crowd'
  | 'stop'
  | 'order a stop'
  | 'go on'
  | 'emit'
  | 'emit again'
  | 'tick'
  | 'call'
  | 'answer'
  | 'answer again'
  | 'cancel'
  | 'cancel any'
  | 'jump'
  | 'die'
  | 'die at commit'
  | 'die at point'
  | 'fill disk'
  | 'slow disk'
  | 'close'
  | 'zombie'
  | 'parcel'
  | 'retry'
  | 'mend'
  | 'pause'
  | 'resume'
  | 'fire'
  | 'roll back'
  | 'question'
  | 'look'
  | 'snooze'
  | 'think'
  | 'set level'
  | 'decide level'
  | 'demote'
  | 'compare'
  | 'later'
  | 'spree'
  | 'lift'
  | 'edit flags'
  | 'ask flag'
  | 'visit'
  | 'gossip'
  | 'word'
  | 'erase'
  | 'delegate'
  | 'revoke'
  | 'batch'
  | 'retain'
  | 'retry run'
  | 'discard'
  | 'check'

export interface Plan {
  readonly runs: readonly PlannedRun[]
  readonly deeds: Readonly<Record<Deed, number>>
  readonly steps: number
  readonly limits: { readonly activeRuns: number; readonly residentRuns: number }
  /** From 0 to 1: how much of the traffic of the network meets with a fault. */
  readonly networkFaults: number
  /** From 0 to 1: how many statements fail in the middle of a group. */
  readonly statementFaults: number
  readonly settings: PolicySettings
  /** null: the operator answers all. */
  readonly autonomy: AutonomySettings | null
  readonly schedules: readonly string[]
  readonly triggers: readonly string[]
}

/** Most worlds are small, so that there can be many; what takes much to come about, comes about in the big ones. */
const SIZES = {
  small: { runs: [1, 2], steps: [20, 60] },
  middle: { runs: [2, 3], steps: [40, 90] },
  big: { runs: [3, 6], steps: [80, 160] },
} as const

export function drawPlan(chance: Chance): Plan {
  const taste = drawTaste(chance.part('taste'))
  const trees = chance.part('trees')
  const size = SIZES[chance.weighted({ small: 6, middle: 3, big: 1 })]
  const count = chance.whole(size.runs[0], size.runs[1])
  const flavours = chance.part('flavours')
  const runs = Array.from({ length: count }, (_, i) => drawRun(`run-${i}`, drawTree(trees, taste), flavours))
  const sometimes = (weight: number): number => (chance.happens(0.5) ? weight : 0)
  const some = (names: readonly string[]): string[] =>
    chance.happens(0.4) ? names.filter(() => chance.happens(0.6)) : []
  const schedules = some(Object.keys(RHYTHMS))
  const triggers = some(Object.keys(MANNERS))
  const ofSchedules = (weight: number): number => (schedules.length > 0 ? sometimes(weight) : 0)
  const isAtDesk = chance.happens(0.3)
  const atDesk = (weight: number): number => (isAtDesk ? weight : 0)
  const hasStops = chance.part('stops').happens(0.2)
  const levels = chance.part('levels')
  const hasLevels = levels.happens(0.1)
  const anomalies = drawAnomalies(chance.part('anomalies'))
  const autonomy = hasLevels || anomalies !== null ? drawAutonomy(levels, anomalies) : null
  const hasItems = (autonomy?.vigilance.rate ?? 0) > 0
  const hasPeople = chance.part('people').happens(hasItems ? 0.3 : 0.1)
  const ofPeople = (weight: number): number => (hasPeople ? weight : 0)
  const ofLevels = (weight: number): number => (hasLevels ? weight : 0)
  const ofAnomalies = (weight: number): number => (anomalies === null ? 0 : weight)
  const ofTriggers = (weight: number): number => (triggers.length > 0 ? weight : 0)
  return {
    runs,
    deeds: {
      turns: 20,
      settle: 6 + ofAnomalies(10),
      pass: 10,
      start: 6,
      'start again': 1,
      stop: hasStops ? 1.5 : 0,
      'order a stop': hasStops ? 1 : 0,
      'go on': hasStops ? 4 : 0,
      crowd: chance.part('crowd').happens(0.1) ? 3 : 0,
      emit: 4,
      'emit again': 1,
      tick: sometimes(6),
      call: sometimes(3),
      answer: 5 + ofLevels(20),
      'answer again': 1,
      cancel: sometimes(0.5),
      'cancel any': sometimes(0.5),
      jump: sometimes(1.5),
      die: sometimes(2),
      'die at commit': sometimes(4),
      'die at point': sometimes(3),
      'fill disk': sometimes(1.5),
      'slow disk': sometimes(1.5),
      close: sometimes(1),
      zombie: sometimes(1),
      parcel: ofTriggers(12),
      retry: ofTriggers(1),
      mend: ofTriggers(0.2),
      pause: ofSchedules(1),
      resume: ofSchedules(2),
      fire: ofSchedules(1),
      'roll back': sometimes(2),
      question: atDesk(14) + ofLevels(20) + ofAnomalies(4),
      look: atDesk(1),
      snooze: atDesk(2),
      delegate: atDesk(4),
      revoke: atDesk(0.5),
      batch: atDesk(1) + ofLevels(8),
      think: ofLevels(2),
      'set level': ofLevels(3) + ofAnomalies(3),
      'decide level': ofLevels(5),
      demote: ofLevels(0.3),
      compare: ofLevels(3),
      later: ofAnomalies(9),
      spree: ofAnomalies(30),
      lift: ofAnomalies(8),
      'edit flags': taste.flag,
      'ask flag': taste.flag * 4,
      visit: ofPeople(5),
      gossip: ofPeople(1),
      word: ofPeople(3),
      erase: ofPeople(2),
      retain: chance.happens(0.25) ? 4 : 0,
      'retry run': sometimes(6),
      discard: sometimes(0.5),
      check: 0.5,
    },
    steps: chance.whole(size.steps[0], size.steps[1]) + ofLevels(40) + ofAnomalies(30),
    limits: { activeRuns: chance.pick([1, 2, 200]), residentRuns: chance.pick([0, 1, 500]) },
    networkFaults: chance.pick([0, 0.2, 0.5, 0.8]),
    statementFaults: chance.happens(0.2) ? 0.01 : 0,
    settings: {
      operations: { allow: ['*'], deny: [], review: ['world.guarded'] },
      egress: { allow: ['model.invalid'] },
      ...drawBudgets(chance.part('budgets'), chance.pick([null, 0, 1, 2])),
    },
    autonomy,
    schedules,
    triggers,
  }
}

function drawRun(id: string, tree: Tree, chance: Chance): PlannedRun {
  const flavour = chance.pick(FLAVOURS)
  const left = flavour === 'chain' ? chance.whole(1, 3) : 0
  const delayMs = chance.happens(0.2) ? chance.pick([1, 60_000, 86_400_000]) : null
  const key = chance.happens(0.7) ? 'x' : 'y'
  return { id, tree, flavour, key, left, priority: chance.pick([0, 0, 5]), delayMs }
}

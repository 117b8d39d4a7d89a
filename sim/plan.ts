/**
 * What one seed does and suffers. Each seed draws which faults there are at all, so that some are met with
 * alone and others together (Groce and others, "Swarm Testing", 2012).
 */
import type { PolicySettings } from '../src/ports/policy-settings.ts'
import type { Chance } from './chance.ts'
import { drawTaste, drawTree, type Tree } from './tree.ts'

export interface PlannedRun {
  readonly id: string
  readonly tree: Tree
}

/** What the driver does next, by weight. */
export type Deed =
  | 'turns'
  | 'settle'
  | 'pass'
  | 'start'
  | 'start again'
  | 'emit'
  | 'emit again'
  | 'tick'
  | 'call'
  | 'answer'
  | 'answer again'
  | 'cancel'
  | 'cancel child'
  | 'jump'
  | 'die'
  | 'die at commit'
  | 'die at point'
  | 'fill disk'
  | 'slow disk'
  | 'close'
  | 'zombie'
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
}

export function drawPlan(chance: Chance): Plan {
  const taste = drawTaste(chance.part('taste'))
  const trees = chance.part('trees')
  const count = chance.whole(1, 4)
  const runs = Array.from({ length: count }, (_, i) => ({ id: `run-${i}`, tree: drawTree(trees, taste) }))
  const sometimes = (weight: number): number => (chance.happens(0.5) ? weight : 0)
  return {
    runs,
    deeds: {
      turns: 20,
      settle: 6,
      pass: 10,
      start: 6,
      'start again': 1,
      emit: 4,
      'emit again': 1,
      tick: sometimes(6),
      call: sometimes(3),
      answer: 5,
      'answer again': 1,
      cancel: sometimes(0.5),
      'cancel child': sometimes(0.5),
      jump: sometimes(1.5),
      die: sometimes(2),
      'die at commit': sometimes(4),
      'die at point': sometimes(3),
      'fill disk': sometimes(1.5),
      'slow disk': sometimes(1.5),
      close: sometimes(1),
      zombie: sometimes(1),
      check: 0.5,
    },
    steps: chance.whole(30, 120),
    limits: { activeRuns: chance.pick([1, 2, 200]), residentRuns: chance.pick([0, 1, 500]) },
    networkFaults: chance.pick([0, 0.2, 0.5, 0.8]),
    statementFaults: chance.happens(0.2) ? 0.01 : 0,
    settings: {
      operations: { allow: ['*'], deny: [], review: ['world.guarded'] },
      egress: { allow: ['model.invalid'] },
      budget: { perDayUsd: null, perRunUsd: null, modelCallsPerDay: chance.pick([null, 0, 1, 2]) },
    },
  }
}

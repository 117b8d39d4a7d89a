/** The end of a simulation, when all faults are over: whatever was begun must come to its end. */
import { Violation } from './invariants/invariant.ts'
import type { SimProcess } from './process.ts'
import type { Simulation } from './simulation.ts'

/** After which what a child had under way is over: attempts, lookups, questions to the operator. */
const AGES_MS = 600_000

/** For so long the operator answers nothing: whoever answers by a rule comes first. */
const RULES_FIRST_MS = 10_000

/** @throws Violation */
export async function untilOver(simulation: Simulation): Promise<void> {
  const { callers, clock, plan } = simulation
  /** When a child was first seen to go on without its parent. */
  const orphans = new Map<string, number>()
  /** Whom they were asked of: one that could not write when it was opened gives up, and is followed by another. */
  let asked: SimProcess | null = null
  const begun = clock.now()
  let isRulesTurn = true
  let rests = false
  for (let rounds = 0; rounds < 2_000; rounds += 1) {
    if (asked !== simulation.process) for (const index of plan.runs.keys()) callers.start(index)
    asked = simulation.process
    await simulation.settle()
    simulation.look()
    checkOrphans(simulation, orphans)
    quietSchedules(simulation, rounds)
    simulation.desk.checkDue(simulation.process)
    if (isRulesTurn && (rests || clock.now() >= begun + RULES_FIRST_MS)) {
      simulation.desk.checkDelegated(simulation.process)
      isRulesTurn = false
    }
    const isLifting = simulation.operator.isLifting()
    const isAsked = !isRulesTurn && simulation.process.hf.reviews().length > 0
    if (isAsked) callers.answer()
    const isFed = callers.feed()
    const isRetried = rounds < 1_000 && plan.triggers.length > 0 && callers.retry(true)
    rests = !clock.next()
    const isErasing = rests && !isRulesTurn && simulation.people.finish()
    const isLettingGo = rests && !isRulesTurn && simulation.anomalies.finish()
    if (!rests || isErasing || isLettingGo || isLifting || isAsked || isFed || isRetried || isRulesTurn)
      continue
    if (!simulation.deadLetters.retryAll() && !callers.rollBackFamilies()) return
  }
  throw new Violation('everything-ends', 'time passes, and there is always another alarm')
}

/** A child that goes with its parent may be cancelled as soon as what it has under way is over. */
function checkOrphans({ clock, watch }: Simulation, orphans: Map<string, number>): void {
  const now = clock.now()
  const open = new Set(watch.families.orphans())
  for (const child of orphans.keys()) if (!open.has(child)) orphans.delete(child)
  for (const child of open) {
    const since = orphans.get(child) ?? now
    orphans.set(child, since)
    if (now > since + AGES_MS)
      throw new Violation('children-close', `${child} goes on, and its parent has ended`)
  }
}

/** No more runs by the time of day, once those that are due have begun. */
function quietSchedules({ callers, clock, plan, process, watch }: Simulation, rounds: number): void {
  if (plan.schedules.length === 0) return
  const sql = 'SELECT name FROM schedules WHERE paused = 0'
  const active = process.log.tables.all<{ name: string }>(sql)
  if (active.length === 0) return
  const behind = watch.schedules.behind(clock.now())
  if (behind.length === 0) for (const { name } of active) callers.changeSchedule('pause', name)
  else if (rounds > 100) throw new Violation('schedule-times', `${behind.join(', ')} start nothing more`)
}

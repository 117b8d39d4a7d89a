/** Bugs planted in the wiring of a simulation, one at a time, to see that the invariants notice. */

import { AUTONOMY_BUGS } from './autonomy-bugs.ts'
import { changed } from './changed.ts'
import {
  bindingChildren,
  boundless,
  breakingChains,
  closingNothing,
  doingAgain,
  doublingChains,
  erasing,
  expiringEarly,
  forgettingFlags,
  forgettingRollbacks,
  listing,
  patient,
  reading,
  running,
  shifting,
  startingEarly,
  takingAnothers,
  undoing,
  unlimited,
  unordered,
} from './planted/around.ts'
import type { Bug } from './planted/bug.ts'
import {
  acknowledgingAtOnce,
  answeringTwice,
  appending,
  assumingNothingDone,
  blindToEpochs,
  drifting,
  forgetfulOfReceipts,
  keepingNothing,
  losingAlarms,
  tampering,
  twice,
} from './planted/kernel.ts'

const DAY_MS = 86_400_000

export const BUGS: readonly Bug[] = [
  {
    what: 'an effect whose outcome is not known is done again without a lookup',
    wiring: { gate: (gate) => ({ ...gate, lookup: async () => ({ found: 'no' }) }) },
    noticed: ['effect-once'],
  },
  {
    what: 'an unclear failure is taken for one in which nothing was done',
    wiring: { gate: (gate) => ({ ...gate, perform: assumingNothingDone(gate) }) },
    noticed: ['effect-once', 'effect-record'],
  },
  {
    what: 'an effect is done before its intent is on record',
    wiring: { gate: (gate) => ({ ...gate, perform: twice(gate) }) },
    noticed: ['effect-once'],
  },
  {
    what: 'an append is acknowledged before its commit',
    wiring: acknowledgingAtOnce(),
    noticed: ['acknowledged-is-kept', 'no-stray-errors'],
  },
  {
    what: 'a wait is given an event that an earlier wait has received',
    wiring: { log: (log) => changed(log, { tables: forgetfulOfReceipts(log) }) },
    noticed: ['wait-once', 'as-expected'],
  },
  {
    what: 'an answer to a review is put on record twice',
    wiring: { log: (log) => appending(log, answeringTwice(log)) },
    noticed: ['review-once', 'settled-once'],
  },
  {
    what: 'a former holder of the log may go on writing',
    wiring: { database: (database) => changed(database, { prepare: blindToEpochs(database) }) },
    noticed: ['stale-epoch'],
  },
  {
    what: 'what was under way is not brought in after a crash',
    wiring: { recovers: false },
    noticed: ['everything-ends'],
  },
  {
    what: 'an alarm is lost now and then',
    wiring: { clock: losingAlarms },
    noticed: ['everything-ends', 'closes'],
  },
  {
    what: 'the budget of model calls is not looked at',
    wiring: {
      settings: (settings) => ({ ...settings, budget: { ...settings.budget, modelCallsPerDay: null } }),
    },
    noticed: ['budget'],
  },
  {
    what: 'what was taken of a budget is not known',
    wiring: reading(/ AS spent, most FROM budgets/, () => undefined),
    noticed: ['budgets', 'budget'],
  },
  {
    what: 'what a run has reserved is not closed with its end',
    wiring: { log: (log) => appending(log, closingNothing(log)) },
    noticed: ['reserved-no-longer'],
  },
  {
    what: 'whether work was stopped is not asked',
    wiring: { stopped: () => () => null },
    noticed: ['stop-holds'],
  },
  {
    what: 'a projection leaves something out now and then',
    wiring: { projections: drifting },
    noticed: ['projections-live', 'everything-ends'],
  },
  {
    what: 'an event in the log is changed after its commit',
    wiring: { database: (database) => changed(database, { exec: tampering(database) }) },
    noticed: ['chain-verifies', 'acknowledged-is-kept'],
  },
  {
    what: 'the runs that hold a key are not counted',
    wiring: reading(/AS n FROM runs WHERE slot/, () => ({ n: 0 })),
    noticed: ['limits'],
  },
  {
    what: 'the admissions within a period are not counted',
    wiring: reading(/FROM runs_rates/, () => undefined),
    noticed: ['rates'],
  },
  {
    what: 'who was queued last is admitted first',
    wiring: listing(/FROM runs_queue WHERE lane = /, (rows) => rows.toReversed()),
    noticed: ['queue-order'],
  },
  {
    what: 'the queue does not look at priorities',
    wiring: listing(/FROM runs_queue WHERE lane = /, (rows) => rows.map((row) => ({ ...row, priority: 0 }))),
    noticed: ['queue-order'],
  },
  {
    what: 'a run that is to begin later may begin a day early',
    wiring: { log: startingEarly },
    noticed: ['not-before'],
  },
  {
    what: 'times that a schedule is done with are looked at again',
    wiring: listing(/FROM schedules ORDER/, (rows) =>
      rows.map((row) => ({ ...row, done_up_to: Number(row.done_up_to) - DAY_MS })),
    ),
    noticed: ['schedule-times', 'comes-to-rest'],
  },
  {
    what: 'a trigger looks again at what it has looked at',
    wiring: reading(/FROM triggers WHERE name/, (row) => row && { ...row, cursor: 0 }),
    noticed: ['trigger-once', 'everything-ends'],
  },
  {
    what: 'a trigger passes over what it has not looked at',
    wiring: reading(/FROM triggers WHERE name/, (row) => row && { ...row, cursor: Number(row.cursor) + 20 }),
    noticed: ['trigger-once'],
  },
  {
    what: 'events are gathered for longer than their trigger says',
    wiring: { triggers: (triggers) => triggers.map((one) => ({ ...one, ...patient(one) })) },
    noticed: ['trigger-groups'],
  },
  {
    what: 'what a run did is undone in the order in which it was done',
    wiring: { runtime: undoing((deeds) => deeds.toReversed()) },
    noticed: ['undo-order'],
  },
  {
    what: 'a rollback leaves out what it could undo',
    wiring: {
      gate: (gate) => ({ ...gate, manifestOf: (name) => ({ ...gate.manifestOf(name), hasUndo: false }) }),
    },
    noticed: ['undo-whole'],
  },
  {
    what: 'what another rollback has undone is not known',
    wiring: reading(/FROM undone/, () => undefined),
    noticed: ['undo-once'],
  },
  {
    what: 'a run that fails is not rolled back, though its workflow says so',
    wiring: { runtime: forgettingRollbacks },
    noticed: ['undo-whole'],
  },
  {
    what: 'children that are bound to their parent are forgotten',
    wiring: listing(/c\.on_parent_close = 'cancel'/, () => []),
    noticed: ['children-close'],
  },
  {
    what: 'a child that may outlive its parent is bound to it',
    wiring: { log: (log) => appending(log, bindingChildren(log)) },
    noticed: ['children-close', 'as-expected'],
  },
  {
    what: 'the next run of a chain is not started with the end of the one before',
    wiring: { log: (log) => appending(log, breakingChains(log)) },
    noticed: ['chain-once', 'no-stray-errors'],
  },
  {
    what: 'the next run of a chain is started twice',
    wiring: { log: (log) => appending(log, doublingChains(log)) },
    noticed: ['chain-once'],
  },
  {
    what: 'a review may expire before its deadline',
    wiring: { log: expiringEarly },
    noticed: ['review-deadlines'],
  },
  {
    what: 'a delegation speaks for more than the operator said',
    wiring: listing(/FROM delegations WHERE revoked/, (rows) => rows.map(boundless)),
    noticed: ['delegations'],
  },
  {
    what: 'retention takes what a run held whose parent goes on',
    wiring: reading(/SELECT status, parent FROM runs/, () => undefined),
    noticed: ['erasures'],
  },
  {
    what: 'what retention leaves of a run is not known when the tables are folded anew',
    wiring: { projections: keepingNothing },
    noticed: ['projections-live'],
  },
  {
    what: 'whoever is erased is still named in the headers of events',
    wiring: erasing(({ replace }) => (replace === undefined ? {} : { replace: (text) => text })),
    noticed: ['erased-is-gone'],
  },
  {
    what: 'something that is about whoever is erased is left',
    wiring: erasing(({ positions, replace }) =>
      replace === undefined ? {} : { positions: positions.slice(1) },
    ),
    noticed: ['erasure-of-one', 'erased-is-gone'],
  },
  {
    what: 'to erase one is to erase something of another',
    wiring: erasing(takingAnothers),
    noticed: ['erasure-of-one'],
  },
  ...AUTONOMY_BUGS,
  {
    what: 'flags are gone by that are not on record',
    wiring: { log: (log) => appending(log, forgettingFlags(log)) },
    noticed: ['flag-answers'],
  },
  {
    what: 'who is in the share of a flag is out of it the next time',
    wiring: { flags: shifting },
    noticed: ['flag-answers'],
  },
  {
    what: 'a run that is retried does again what it had done outside',
    wiring: { log: (log) => appending(log, doingAgain(log)) },
    noticed: ['reopen-keeps'],
  },
  {
    what: 'a run that failed once more is not among the dead letters',
    wiring: listing(/FROM runs_dead/, (rows) => rows.filter(({ failures }) => Number(failures ?? 1) < 2)),
    noticed: ['dead-letters'],
  },
  {
    what: 'more is under way at once within a run than it says',
    wiring: { runtime: running(unlimited) },
    noticed: ['at-once'],
  },
  {
    what: 'the nodes of a graph do not wait for each other',
    wiring: { runtime: running(unordered) },
    noticed: ['node-order'],
  },
]

/** Bugs planted in what agents may do without the operator: levels, items that are known to be bad, and anomalies. */
import { ATTENTION_CHECK } from '../src/kernel/attention.ts'
import { changed } from './changed.ts'
import { listing, reading, rewriting, running } from './planted/around.ts'
import { catchingAll, doingItems, promotingFurther, uncounted, withholding } from './planted/autonomy.ts'
import type { Bug } from './planted/bug.ts'
import { appending } from './planted/kernel.ts'

const LIFECYCLE = 'agent.lifecycle-changed'
const AFTERWARDS: ReadonlySet<unknown> = new Set(['runs', 'failures', 'duration', 'cost'])

export const AUTONOMY_BUGS: readonly Bug[] = [
  {
    what: 'a level goes above its ceiling',
    wiring: reading(
      /FROM autonomy WHERE/,
      (row) => row && { ...row, ceiling: 'auto', ceiling_for: 'irreversible' },
    ),
    noticed: ['levels'],
  },
  {
    what: 'a level is kept though its errors are too many',
    wiring: reading(/FROM autonomy WHERE/, (row) => row && { ...row, drift: '[]' }),
    noticed: ['levels', 'levels-lost'],
  },
  {
    what: 'a level is offered for what others have answered',
    wiring: reading(/FROM autonomy WHERE/, (row) => row && { ...row, reviews: Number(row.reviews) + 3 }),
    noticed: ['levels-earned', 'levels-counted'],
  },
  {
    what: 'a level is had that is above the one that was offered',
    wiring: { log: (log) => appending(log, promotingFurther(log)) },
    noticed: ['levels-earned'],
  },
  {
    what: 'what carries a warning is approved without the operator',
    wiring: {
      autonomy: (autonomy) =>
        changed(autonomy, { rule: (question) => autonomy.rule({ ...question, warnings: 0 }) }),
    },
    noticed: ['levels'],
  },
  {
    what: 'a known-bad item is made of what was not approved',
    wiring: rewriting(/ AND verdict = 'approved'/, ''),
    noticed: ['items-made'],
  },
  {
    what: 'a known-bad item is put beside another',
    wiring: reading(/FROM runs WHERE status IN .* AND workflow/, () => undefined),
    noticed: ['items-made'],
  },
  {
    what: 'a known-bad item says something for a level',
    wiring: {
      autonomy: (autonomy) =>
        changed(autonomy, {
          rule: (question) =>
            autonomy.rule(question.agent === ATTENTION_CHECK ? { ...question, agent: 'tree' } : question),
        }),
    },
    noticed: ['items-no-label', 'levels'],
  },
  {
    what: 'a known-bad item does what is approved',
    wiring: { runtime: running(doingItems) },
    noticed: ['items-do-nothing'],
  },
  {
    what: 'a known-bad item that is missed is told as caught',
    wiring: { runtime: running(catchingAll) },
    noticed: ['items-told'],
  },
  {
    what: 'an agent in quarantine is let go on',
    wiring: {
      watch: (watch) =>
        changed(watch, {
          object: (...given) => {
            const verdict = watch.object(...given)
            return verdict?.rule === 'anomaly.quarantine' ? null : verdict
          },
        }),
    },
    noticed: ['quarantine-holds', 'anomalies-found'],
  },
  {
    what: 'models are asked for an agent in quarantine',
    wiring: { watch: (watch) => changed(watch, { objectToModel: () => null }) },
    noticed: ['quarantine-holds'],
  },
  {
    what: 'quarantine is forgotten with the process',
    wiring: listing(/FROM anomalies WHERE lifted_at IS NULL/, () => []),
    noticed: ['quarantine-holds', 'agent-folds'],
  },
  {
    what: 'an agent with a key goes on in quarantine',
    wiring: withholding(({ kind, body }) => kind === LIFECYCLE && body.lifecycle === 'quarantined'),
    noticed: ['quarantine-holds'],
  },
  {
    what: 'an agent whose anomaly is lifted is not let go on',
    wiring: withholding(({ kind, body }) => kind === LIFECYCLE && body.lifecycle === 'enabled'),
    noticed: ['agent-folds', 'everything-ends'],
  },
  {
    what: 'what was counted against an agent counts on after a lift',
    wiring: rewriting(/AND era = coalesce.*, 0\)$/, ''),
    noticed: ['anomalies-told'],
  },
  {
    what: 'what is normal is reckoned by hours, whatever the window',
    wiring: rewriting(/CAST\(hour \/ \?1 AS INTEGER\)/, 'hour / ?1'),
    noticed: ['anomalies-told', 'anomalies-found'],
  },
  {
    what: 'effects on their way to the log are not counted',
    wiring: { watch: (watch) => changed(watch, { count: uncounted(watch) }) },
    noticed: ['anomalies-found', 'anomalies-told'],
  },
  {
    what: 'what has ended is not judged',
    wiring: withholding(({ kind, body }) => kind === 'anomaly.found' && AFTERWARDS.has(body.measure)),
    noticed: ['anomalies-found', 'levels-lost'],
  },
  {
    what: 'levels are kept though their agent does something unusual',
    wiring: withholding(({ kind, body }) => kind === 'autonomy.demoted' && body.cause === 'anomaly'),
    noticed: ['levels-lost'],
  },
]

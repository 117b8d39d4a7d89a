/**
 * `npm run bench`: what Holdfast does in a second, as a ratio to what the same disk does in a bare loop in the
 * same run. `-- --json` prints one JSON object a line: bench, value, unit, reference, ratio. Name benches to
 * run only those.
 *
 * Figures are medians of RUNS runs, each beside a run of its reference. What is measured is a process that works, not one
 * that starts: runs before those, of both sides, are not counted, since V8 compiles in them what it finds to be hot.
 */
import { Argument, Command } from 'commander'
import { agentEventsPerSecond } from './agents.ts'
import { growLog } from './grown-log.ts'
import { loggedEventsPerSecond } from './log.ts'
import { messagesPerSecond } from './messages.ts'
import { decisionMicros, nothingMicros } from './policy.ts'
import { parkRuns } from './recovery.ts'
import { commitMs, median, referenceRowsPerSecond } from './reference.ts'
import {
  bytesPerStep,
  concurrentStepsDelayMs,
  concurrentStepsPerSecond,
  pipelineLatencyMs,
  sequentialStepMs,
  signalLatencyMs,
  startLatencyMs,
} from './steps.ts'

interface Bench {
  readonly name: string
  readonly unit: string
  readonly measure: () => Promise<number>
  /** What the disk does, or what is allowed; the ratio is value to reference. */
  readonly reference: () => number | Promise<number>
  /** Each run is of a process that begins with it. */
  readonly startsCold?: true
}

const WARM_UPS = 3
const RUNS = 7
const IN_FLIGHT = 200
const ROWS = 100_000

/** Prepared by the first bench that asks for it, and gone with this process. */
function once<T extends { dispose(): void }>(prepare: () => Promise<T>): () => Promise<T> {
  let prepared: Promise<T> | null = null
  return () => {
    prepared ??= prepare().then((subject) => {
      process.once('exit', () => subject.dispose())
      return subject
    })
    return prepared
  }
}

const parkedRuns = once(() => parkRuns(100_000))
const grownLog = once(() => growLog(5_000_000))

const BENCHES: readonly Bench[] = [
  {
    name: 'steps-concurrent',
    unit: 'steps/s, 2,000 runs of 5 steps, 200 in flight; reference: rows/s, 200 a commit',
    measure: () => concurrentStepsPerSecond(2_000, IN_FLIGHT),
    reference: () => referenceRowsPerSecond(ROWS, IN_FLIGHT),
  },
  {
    name: 'log-append',
    unit: 'events/s into the log alone, as steps-concurrent leaves them, 200 streams; reference: rows/s, 200 a commit',
    measure: () => loggedEventsPerSecond(14_000, IN_FLIGHT),
    reference: () => referenceRowsPerSecond(ROWS, IN_FLIGHT),
  },
  {
    name: 'event-loop-delay',
    unit: 'ms that the event loop is late, p99, while steps-concurrent runs; reference: the most allowed',
    measure: () => concurrentStepsDelayMs(2_000, IN_FLIGHT),
    reference: () => 25,
  },
  {
    name: 'bytes-per-step',
    unit: 'bytes on disk a step, with results of 100 bytes; reference: the most allowed',
    measure: () => bytesPerStep(2_000, IN_FLIGHT),
    reference: () => 600,
  },
  {
    name: 'steps-sequential',
    unit: 'ms a step, one run of 1,000 steps; reference: ms of one durable commit',
    measure: () => sequentialStepMs(1_000),
    reference: commitMs,
  },
  {
    name: 'start-latency',
    unit: 'ms from start to result of a one-step run, p50; reference: ms of one durable commit',
    measure: () => startLatencyMs(300),
    reference: commitMs,
  },
  {
    name: 'signal-latency',
    unit: 'ms from a signal to the end of the run that waits for it, p50; reference: ms of one durable commit',
    measure: () => signalLatencyMs(300),
    reference: commitMs,
  },
  {
    name: 'pipeline-latency',
    unit: 'ms of a call of a five-step pipeline, p50; reference: ms of one durable commit',
    measure: () => pipelineLatencyMs(300),
    reference: commitMs,
  },
  {
    name: 'agent-events',
    unit: 'events/s published and handled, 100,000 over 1,000 keys, 1,000 in flight; reference: rows/s, 1,000 a commit',
    measure: () => agentEventsPerSecond(100_000, 1_000, 1_000),
    reference: () => referenceRowsPerSecond(ROWS, 1_000),
  },
  {
    name: 'policy-decide',
    unit: 'µs of one decision, p99, with 200 rules; reference: an empty function',
    measure: async () => decisionMicros(),
    reference: nothingMicros,
  },
  {
    name: 'messages',
    unit: 'mails/s taken in, parsed, filed and qualified; reference: rows/s, 1 a commit',
    measure: () => messagesPerSecond(500),
    reference: () => referenceRowsPerSecond(2_000, 1),
  },
  {
    name: 'recovery',
    unit: 's from opening after SIGKILL, with 100,000 parked runs, until one is woken and ends; reference: the most allowed',
    measure: async () => (await (await parkedRuns()).reopen()).readyMs / 1000,
    reference: () => 1,
    startsCold: true,
  },
  {
    name: 'recovery-memory',
    unit: 'MB resident then; reference: the most allowed',
    measure: async () => (await (await parkedRuns()).reopen()).rssMb,
    reference: () => 250,
    startsCold: true,
  },
  {
    name: 'log-growth',
    unit: 'steps/s of steps-concurrent with 5,000,000 events in the log; reference: steps/s in an empty one',
    measure: async () => await concurrentStepsPerSecond(2_000, IN_FLIGHT, (await grownLog()).dir),
    reference: () => concurrentStepsPerSecond(2_000, IN_FLIGHT),
  },
]

const command = new Command('npm run bench --')
  .addArgument(new Argument('[benches...]', 'all if none is named').choices(BENCHES.map(({ name }) => name)))
  .option('--json', 'one JSON object a line')
  .parse()
const { json } = command.opts<{ json?: true }>()
for (const bench of BENCHES) {
  if (command.args.length > 0 && !command.args.includes(bench.name)) continue
  const results: { value: number; reference: number }[] = []
  for (let run = bench.startsCold ? 0 : -WARM_UPS; run < RUNS; run += 1) {
    const result = { reference: await bench.reference(), value: await bench.measure() }
    if (run >= 0) results.push(result)
  }
  const line = {
    bench: bench.name,
    value: round(median(results.map(({ value }) => value))),
    unit: bench.unit,
    reference: round(median(results.map(({ reference }) => reference))),
    ratio: round(median(results.map(({ value, reference }) => value / reference))),
  }
  if (json) console.log(JSON.stringify(line))
  else
    console.log(
      `${line.bench.padEnd(18)} ${String(line.value).padStart(10)}   ratio ${line.ratio}   (${line.unit})`,
    )
}

function round(value: number): number {
  return Number(value.toPrecision(4))
}

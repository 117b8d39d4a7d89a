/** Every primitive has an example, and every example a row in the README of the folder. */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { test } from 'node:test'
import { ROOT } from '../scripts/command.ts'
import { linksOf } from '../scripts/markdown.ts'
import { AutonomyByEvidence } from './autonomy/autonomy.ts'
import type { Agent } from './kernel/agent.ts'
import type { CallOptions, SpawnOptions } from './kernel/children.ts'
import type { ConcurrencyOptions, GraphOptions } from './kernel/concurrency.ts'
import type { PipelineContext, PipelineDefinition } from './kernel/pipeline.ts'
import type {
  ActOptions,
  Context,
  Proposal,
  SleepOptions,
  StepAttempt,
  StepOptions,
  WaitOptions,
  Workflow,
} from './kernel/workflow.ts'
import type { Operation } from './ports/connector.ts'
import type { StopSwitch } from './ports/stop-switch.ts'
import { AgentHandle, InstanceHandle } from './runtime/agents/agent-handle.ts'
import { Holdfast } from './runtime/holdfast.ts'
import type { StartOptions } from './runtime/life/run-start.ts'
import { DeadLetters } from './runtime/reopening/dead-letters.ts'
import { ReviewDesk } from './runtime/reviews/review-desk.ts'
import type { Schedule } from './runtime/schedules/schedule.ts'
import { Schedules } from './runtime/schedules/schedules.ts'
import type { Trigger } from './runtime/triggers/trigger.ts'
import { Triggers } from './runtime/triggers/triggers.ts'
import * as sdk from './sdk.ts'

const files = globSync('examples/*.ts', { cwd: ROOT }).toSorted()
/** Without comments. */
const texts = files.map((file) => readFileSync(join(ROOT, file), 'utf8').replace(/^\s*(\/?\*|\/\/).*$/gm, ''))

/** Names that no example has in this form. */
function without(names: readonly string[], form: (name: string) => string, among = texts): string[] {
  return names.filter((name) => !among.some((text) => new RegExp(form(name)).test(text)))
}

/** A type must list all of its keys here, so that one that is new does not go without an example. */
function keys<Type>() {
  return <const Names extends readonly (keyof Type)[]>(
    ...names: [Exclude<keyof Type, Names[number]>] extends [never]
      ? Names
      : [Exclude<keyof Type, Names[number]>]
  ): readonly string[] => names as readonly string[]
}

function methodsOf(type: { readonly prototype: object }, ...inner: readonly string[]): string[] {
  const all = Object.getOwnPropertyNames(type.prototype)
  return all.filter((name) => !['constructor', 'open', 'close', 'idle', ...inner].includes(name))
}

test('every example has a row in the README, and every row an example', () => {
  const rows = linksOf(readFileSync(join(ROOT, 'examples/README.md'), 'utf8')).filter((one) =>
    one.endsWith('.ts'),
  )
  assert.deepEqual(
    rows.toSorted(),
    files.map((file) => basename(file)),
  )
})

const operations = keys<Omit<Context, 'run'>>()(
  'step',
  'decide',
  'flag',
  'act',
  'review',
  'sleep',
  'waitFor',
  'emit',
  'call',
  'spawn',
  'continueAs',
  'compensate',
  'all',
  'map',
  'race',
  'graph',
  'patched',
  'now',
  'random',
  'uuid',
)

test('every operation of ctx is asked for in an example', () => {
  assert.deepEqual(
    without(operations, (name) => `\\b(ctx|own|each)\\.${name}[(<]`),
    [],
  )
})

test('every operation of a pipeline is asked for in an example of one', () => {
  const names = keys<Omit<PipelineContext, 'run'>>()(
    'step',
    'decide',
    'flag',
    'act',
    'emit',
    'spawn',
    'all',
    'map',
    'graph',
    'now',
    'random',
    'uuid',
  )
  assert.deepEqual(
    names.filter((name) => !operations.includes(name)),
    [],
  )
  const pipelines = texts.filter((text) => text.includes('definePipeline('))
  assert.deepEqual(
    without(['step', 'emit', 'spawn', 'map'], (name) => `\\b(ctx|own)\\.${name}[(<]`, pipelines),
    [],
  )
})

/** What is given by name, in an object. */
const OPTIONS: Readonly<Record<string, readonly string[]>> = {
  'a step': keys<StepOptions>()('retry', 'timeout', 'totalTimeout', 'heartbeat', 'pure'),
  'an attempt': keys<StepAttempt>()('attempt', 'signal', 'idempotencyKey', 'heartbeat', 'lastDetails'),
  'an effect': keys<ActOptions>()('retry'),
  'a wait': keys<WaitOptions>()('key', 'timeout', 'name', 'signal'),
  'a timer': keys<SleepOptions>()('signal'),
  'a call': keys<CallOptions>()('onParentClose'),
  'a spawn': keys<SpawnOptions>()('id', 'onParentClose'),
  'several at once': keys<ConcurrencyOptions>()('concurrency', 'onFailure'),
  'a graph': keys<GraphOptions>()('concurrency', 'onFailure'),
  'a review': keys<Proposal>()(
    'action',
    'summary',
    'reason',
    'confidence',
    'proposal',
    'evidence',
    'warnings',
    'fields',
    'operation',
    'segment',
    'alternatives',
    'deadline',
    'onExpiry',
  ),
  'a start': keys<StartOptions>()('id', 'customer', 'label', 'priority', 'notBefore', 'delay'),
  'a workflow': keys<Omit<Workflow, 'bounds'>>()(
    'name',
    'version',
    'input',
    'output',
    'compensate',
    'run',
    'priority',
    'concurrency',
    'rate',
  ),
  'a pipeline': keys<PipelineDefinition<unknown, unknown>>()(
    'name',
    'version',
    'input',
    'output',
    'deadline',
    'maxSteps',
    'run',
  ),
  'an agent': keys<Agent>()(
    'name',
    'version',
    'on',
    'key',
    'state',
    'initial',
    'handle',
    'migrate',
    'from',
    'snapshot',
  ),
  'a schedule': keys<Schedule>()('name', 'cron', 'timeZone', 'workflow', 'input', 'missed'),
  'a trigger': keys<Trigger>()('name', 'on', 'where', 'workflow', 'key', 'input', 'debounce', 'batch'),
  'an operation': keys<Operation>()('manifest', 'input', 'output', 'perform', 'lookup', 'undo'),
}

for (const [what, names] of Object.entries(OPTIONS)) {
  test(`all that can be said of ${what} is said in an example`, () => {
    assert.deepEqual(
      without(names, (name) => `\\b${name}\\b[:,(]|\\b${name} }|\\bown\\.${name}\\b`),
      [],
    )
  })
}

test('what a program does with an open workspace is done in an example', () => {
  const own = without(methodsOf(Holdfast), (name) => `\\.${name}\\b`)
  const parts = Object.entries({
    deadLetters: methodsOf(DeadLetters),
    schedules: methodsOf(Schedules),
    triggers: methodsOf(Triggers),
    // Its `answer` is that of the workspace.
    desk: methodsOf(ReviewDesk, 'answer'),
    work: keys<Omit<StopSwitch, 'close'>>()('current', 'stop', 'resume'),
    autonomy: methodsOf(AutonomyByEvidence, 'rule', 'watch'),
  }).flatMap(([part, names]) =>
    without(names, (name) => `\\b${part}\\.${name}\\(`).map((name) => `${part}.${name}`),
  )
  const agents = texts.filter((text) => text.includes('defineAgent('))
  const names = new Set([...methodsOf(AgentHandle), ...methodsOf(InstanceHandle)])
  const ofAgents = without([...names], (name) => `\\.${name}\\(`, agents)
  assert.deepEqual([own, parts, ofAgents], [[], [], []])
})

test('whatever the SDK gives is used in an example', () => {
  assert.deepEqual(
    without(Object.keys(sdk), (name) => `\\b${name}\\b`),
    [],
  )
})

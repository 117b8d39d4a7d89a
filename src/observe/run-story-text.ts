/** The story of a run as text for a terminal: a header, then the timeline with one block for each operation. */
import type { Json, JsonObject } from '../kernel/json.ts'
import type { Label } from '../kernel/label.ts'
import { spokenLength, spokenPrice } from './measures.ts'
import { oneLine } from './plain-text.ts'
import type { RunCost } from './run-cost.ts'
import type { RunStory } from './run-story.ts'
import type { StoryAside } from './story-asides.ts'
import type { StoryBeat, StoryFailure, StoryModelCall, StoryRecovery } from './story-facts.ts'
import type { StoryGraph } from './story-graphs.ts'
import type { StoryOperation } from './story-operations.ts'
import type { StoryDiscard, StoryReopening } from './story-reopenings.ts'
import { Page, type PageOptions, type TextStyle } from './text-page.ts'
import type { Waiting } from './why.ts'

/** Ends with a line break. */
export function runStoryText(story: RunStory, options: PageOptions = {}): string {
  const page = new Page(options)
  writeHeader(page, story)
  for (const graph of story.graphs) writeGraph(page, graph)
  for (const operation of story.operations) writeOperation(page, operation, story)
  if (story.ended !== null) writeEnd(page, story, story.ended)
  return page.text()
}

// -- the run ----------------------------------------------------------------------------------------

function writeHeader(page: Page, story: RunStory): void {
  const { style } = page
  page.head(`Run ${story.run}`, `events ${story.positions.join('–')}`, style.strong)
  page.field('workflow', `${story.workflow}, version ${story.version}`)
  page.field('status', story.status, paintOf(style, story.status))
  page.field('customer', story.customer ?? '')
  if (story.parent !== null) page.field('called by', `${story.parent.run} as "${story.parent.name}"`)
  if (story.triggeredBy !== null) page.field('triggered by', triggerText(story.triggeredBy))
  if (story.forkedFrom !== null) page.field('fork of', forkText(story.forkedFrom))
  for (const fork of story.forks) page.field('forked as', forkText(fork))
  page.field('started', `${page.time(story.started)} by ${story.startedBy}`)
  if (story.ended !== null) page.field('ended', `${page.time(story.ended)} by ${story.endedBy}`)
  if (story.durationMs !== null) page.field('took', spokenLength(story.durationMs))
  page.field('cost', costText(story.cost))
  if (story.rollback !== null) page.field('rolled back', `by ${story.rollback.run}, ${story.rollback.status}`)
  for (const reopening of story.reopenings) page.field('reopened', reopenedText(page, reopening))
  if (story.discarded !== null) page.field('discarded', discardedText(page, story.discarded))
  for (const waiting of story.waitsFor) page.field('waits for', waitingText(page, waiting))
  if (story.ended === null && story.error !== null) writeError(page, story.error)
  page.field('trust', labelText(story.label))
  page.value('input', story.input)
  if (story.erasure !== null) {
    const { time, by, reason } = story.erasure
    page.field('erased', `${page.time(time)} by ${by}: ${reason}; what it held is gone`)
  } else if (story.erased.length > 0) {
    page.field('erased', `the bodies of events ${story.erased.join(', ')}; what they said is missing here`)
  }
}

function writeEnd(page: Page, story: RunStory, ended: number): void {
  const { style } = page
  page.blank()
  const left = `${page.time(ended)}  run ${story.status}`
  page.head(left, `#${story.positions[1]}`, paintOf(style, story.status))
  page.field('goes on as', story.next ?? '')
  page.value('output', story.output)
  if (story.error !== null) writeError(page, story.error)
}

function triggerText({ name, positions }: NonNullable<RunStory['triggeredBy']>): string {
  const events = positions.length === 1 ? 'event' : `${positions.length} events,`
  return `${name}, by ${events} ${eventsOf(positions)}`
}

function reopenedText(page: Page, { time, by, from, error }: StoryReopening): string {
  const where = from === null ? '' : `, from "${oneLine(from)}" on`
  const failure = error === null ? '' : `; it had ended with ${error.code}: ${error.message}`
  return `${page.time(time)} by ${by}${where}${failure}`
}

function discardedText(page: Page, { time, by, reason }: StoryDiscard): string {
  return `${page.time(time)} by ${by}${reason && `: ${reason}`}`
}

function forkText({ run, step }: RunStory['forks'][number]): string {
  return step === null ? `${run}, from the start` : `${run}, from "${step}" on`
}

function waitingText(page: Page, { words, since, until }: Waiting): string {
  const limit = until === null ? '' : `, at the latest until ${page.time(until)}`
  return `${words} (since ${page.time(since)}${limit})`
}

function costText(cost: RunCost): string {
  const { modelCalls, inputTokens, outputTokens, priceMicros, unpricedCalls, reviews, answers, operatorMs } =
    cost
  const tokens = `${count(inputTokens)} tokens in, ${count(outputTokens)} out`
  const price = unpricedCalls === modelCalls ? 'no price known' : spokenPrice(priceMicros)
  const unpriced =
    unpricedCalls > 0 && unpricedCalls < modelCalls ? ` and ${unpricedCalls} without a price` : ''
  const models =
    modelCalls === 0
      ? 'no model calls'
      : `${plural(modelCalls, 'model call')} (${tokens}, ${price}${unpriced})`
  const took = operatorMs === 0 ? '' : `, ${spokenLength(operatorMs)} of your time`
  const asked = reviews === 0 ? 'no reviews' : `${plural(reviews, 'review')}, ${answers} answered${took}`
  return `${models}; ${asked}`
}

function writeGraph(page: Page, { name, nodes }: StoryGraph): void {
  page.blank()
  page.head(`graph "${oneLine(name)}"`, plural(nodes.length, 'node'), page.style.strong)
  for (const { name: node, after, state, tookMs, because } of nodes) {
    const took = tookMs === null || tookMs === 0 ? '' : ` in ${spokenLength(tookMs)}`
    const why = because === null ? '' : `, since "${oneLine(because)}" failed`
    const edges = after.length === 0 ? '' : `  ◀ ${after.map(oneLine).join(', ')}`
    page.field(oneLine(node), `${state}${took}${why}${edges}`, paintOf(page.style, state))
  }
}

// -- an operation -----------------------------------------------------------------------------------

function writeOperation(page: Page, operation: StoryOperation, story: RunStory): void {
  const { style } = page
  const { type, name, state, askedBy, actor, label } = operation
  page.blank()
  const when = operation.started ?? operation.ended
  const left = `${when === null ? '' : `${page.time(when)}  `}${type} "${oneLine(name)}"`
  page.head(left, eventsOf(operation.positions), style.strong)
  page.field('state', stateText(page, operation, story), paintOf(style, state))
  if (askedBy !== null) page.field('asked by', `the effect "${askedBy}"`)
  if (operation.copied !== null) page.field('from', copiedText(operation.copied))
  page.value('saw', sawOf(page, operation))
  for (const verdict of operation.policy) {
    page.field('policy', `${verdict.answer} ${verdict.operation} by ${verdict.rule}: ${verdict.reason}`)
  }
  for (const call of operation.models) page.field('model', modelText(call))
  if (operation.beat !== null) page.field('last beat', beatText(page, operation.beat))
  for (const failure of operation.failures) page.field('failed', failureText(page, failure), style.bad)
  for (const recovery of operation.recoveries) page.field('unknown', recoveryText(page, recovery), style.bad)
  for (const aside of operation.asides) page.field('then', asideText(page, aside))
  page.value('produced', operation.produced)
  if (operation.undone !== null)
    page.field('undone', `by ${operation.undone.run} (event ${operation.undone.position})`, style.strong)
  if (operation.error !== null) writeError(page, operation.error)
  page.field('by', `${actor}, ${labelText(label)}`)
}

function stateText(page: Page, operation: StoryOperation, story: RunStory): string {
  const { state, started, ended, attempts } = operation
  const tries = attempts > 1 ? ` after ${attempts} attempts` : ''
  if (state === 'unknown') return 'unknown: perhaps done, perhaps not'
  if (state === 'open') return story.ended === null ? `open${tries}` : 'open when the run ended'
  const tookMs = started === null || ended === null ? 0 : ended - started
  const took = tookMs === 0 ? '' : ` in ${spokenLength(tookMs)}`
  const at = ended !== null && tookMs >= 60_000 ? `, at ${page.time(ended)}` : ''
  return `${state}${took}${at}${tries}`
}

function copiedText({ run, position, amended }: NonNullable<StoryOperation['copied']>): string {
  const amendment = 'given by whoever forked the run, in place of what is in'
  return `${amended ? amendment : 'copied from'} run ${run}, event ${position}`
}

/** Times as a person reads them. */
function sawOf(page: Page, { saw }: StoryOperation): Json {
  if (saw === null || typeof saw !== 'object' || Array.isArray(saw)) return saw
  const { at, deadline, ms, ...rest } = saw as JsonObject
  return nothingIfEmpty({
    ...rest,
    ...(typeof ms === 'number' ? { length: spokenLength(ms) } : {}),
    ...(typeof at === 'number' ? { until: page.time(at) } : {}),
    ...(typeof deadline === 'number' ? { 'at the latest': page.time(deadline) } : {}),
  })
}

function nothingIfEmpty(object: JsonObject): Json {
  return Object.keys(object).length === 0 ? null : object
}

function modelText(call: StoryModelCall): string {
  const { provider, model, inputTokens, outputTokens, priceMicros, latencyMs, error } = call
  const tokens = `${count(inputTokens)} tokens in, ${count(outputTokens)} out`
  const price = priceMicros === null ? 'no price known' : spokenPrice(priceMicros)
  const time = latencyMs === null ? '' : `, ${spokenLength(latencyMs)}`
  const failed = error === null ? '' : `; failed with ${error.code}: ${error.message}`
  return `${provider} ${model}: ${tokens}, ${price}${time}${failed}`
}

function failureText(page: Page, { attempt, time, error, retryAt, duringLookup }: StoryFailure): string {
  const what = duringLookup ? 'asking what became of it' : `attempt ${attempt}`
  const next = retryAt === null ? '' : `; next at ${page.time(retryAt)}`
  return `${page.time(time)} ${what}: ${error.code}: ${error.message}${next}`
}

function beatText(page: Page, { attempt, time, details }: StoryBeat): string {
  return `${page.time(time)} attempt ${attempt}: ${oneLine(JSON.stringify(details))}`
}

const SETTLED = {
  lookup: 'the outside system says that it was done',
  operator: 'you said that it was done',
  again: 'it was tried again',
  'given up': 'it was given up',
}

function recoveryText(page: Page, { time, why, settled, settledPosition }: StoryRecovery): string {
  const outcome = settled === null ? 'not settled yet' : `${SETTLED[settled]} (event ${settledPosition})`
  return `${page.time(time)} ${why}; ${outcome}`
}

const ASIDES: Readonly<Record<StoryAside['what'], string>> = {
  shown: 'it was shown',
  snoozed: 'it was put off',
  returned: 'it was back',
  expired: 'its deadline passed, and it went on waiting',
}

function asideText(page: Page, { what, time, actor, until, position }: StoryAside): string {
  const end = what === 'snoozed' && until !== null ? ` until ${page.time(until)}` : ''
  return `${page.time(time)} ${ASIDES[what]}${end} (${actor}, event ${position})`
}

function writeError(page: Page, error: NonNullable<RunStory['error']>): void {
  page.field('error', `${error.code}: ${error.message}`, page.style.bad)
  page.field('fix', error.fix ?? '')
}

// -- words ------------------------------------------------------------------------------------------

const GOOD = new Set(['completed', 'done'])
const BAD = new Set(['failed', 'cancelled', 'stalled', 'unknown'])

function paintOf(style: TextStyle, state: string): (text: string) => string {
  if (GOOD.has(state)) return style.good
  return BAD.has(state) ? style.bad : style.strong
}

function labelText({ trust, sources }: Label): string {
  return sources.length === 0 ? trust : `${trust} from ${sources.join(', ')}`
}

function eventsOf(positions: readonly number[]): string {
  if (positions.length <= 4) return positions.map((position) => `#${position}`).join(' ')
  return `#${positions[0]} … #${positions.at(-1)}`
}

function count(number: number | null): string {
  return number === null ? '?' : number.toLocaleString('en-US')
}

function plural(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}

/** What would have been otherwise: the sum, then each run in which something is. */
import { spokenPrice } from '../../../observe/measures.ts'
import type {
  Cost,
  DecisionChange,
  FlagChange,
  FlagView,
  ProposalChange,
  WhatIfReport,
  WhatIfRun,
} from '../../../runtime/what-if/changes.ts'
import { block, count, percent, type View } from './view.ts'

const NAMED = 20

export function whatIfView(report: WhatIfReport, view: View): string {
  const { runs, same, changed, stopped, details } = report
  const { bold, dim, green, yellow } = view.colors
  if (runs === 0) return 'No runs to try it on.'
  const head = `${count(runs, 'run')} tried: ${same} the same, ${changed} otherwise.`
  const open =
    stopped === 0 ? [] : [`${count(stopped, 'run')} could be followed only so far as the record goes.`]
  return [
    (changed > 0 ? yellow : green)(head),
    ...[...sumLines(report), ...open].flatMap((line) => block(line, 2, view.width)),
    ...details.slice(0, NAMED).flatMap((run) => ['', bold(run.run), ...runLines(run, view)]),
    ...(details.length > NAMED ? ['', dim(`… and ${details.length - NAMED} more; --json has them`)] : []),
  ].join('\n')
}

function sumLines({ decisions, proposals, effects, policy, flags, ends, cost }: WhatIfReport): string[] {
  const { closer, further } = proposals
  const drafts = closer + further + proposals['as close'] + proposals['cannot tell']
  return [
    decisions > 0 ? `${count(decisions, 'decision')} otherwise` : '',
    drafts > 0
      ? `${count(drafts, 'proposal')} otherwise: ${closer} nearer to what you made of them, ${further} further from it`
      : '',
    total(effects) > 0
      ? `effects: ${effects.added} added, ${effects.dropped} dropped, ${effects.changed} changed`
      : '',
    flags > 0 ? `${count(flags, 'flag')} would say something else` : '',
    policy > 0 ? `${count(policy, 'answer')} of the policy otherwise` : '',
    ends > 0 ? `${count(ends, 'run')} would end otherwise` : '',
    costText(cost.before, cost.after),
  ].filter(Boolean)
}

function total(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, number) => sum + number, 0)
}

function costText(before: Cost, after: Cost): string {
  if (before.modelCalls === 0 && after.modelCalls === 0) return ''
  const text = ({ modelCalls, priceMicros, unpricedCalls }: Cost) =>
    `${count(modelCalls, 'model call')}, ${spokenPrice(priceMicros)}${unpricedCalls > 0 ? ` and ${unpricedCalls} of unknown price` : ''}`
  return `models: ${text(after)}; it was ${text(before)}`
}

function runLines(run: WhatIfRun, view: View): string[] {
  const lines = [
    ...run.flags.map(flagText),
    ...run.decisions.map(decisionText),
    ...run.steps.map((name) => `the pure step "${name}" gives something else`),
    ...run.proposals.map(proposalText),
    ...run.policy.map(
      ({ operation, name, before, after }) =>
        `policy on ${operation} for "${name}": ${before.answer} (${before.rule}) → ${after.answer} (${after.rule})`,
    ),
    ...run.effects.map(({ type, name, change }) => `${type} "${name}" ${change}`),
    ...(run.end === null ? [] : [`ends in ${inShort(run.end.after)} instead of ${inShort(run.end.before)}`]),
    ...(run.stopped === null ? [] : [`not followed further: ${run.stopped.why}`]),
  ]
  return lines.flatMap((line) => block(line, 2, view.width, 4))
}

function flagText({ flag, before, after }: FlagChange): string {
  const now = `${inShort(after.value)} (${reasonText(after)})`
  if (before === null) return `flag ${flag} is asked for now: ${now}`
  return `flag ${flag}: ${inShort(before.value)} (${reasonText(before)}) → ${now}`
}

function reasonText({ reason, segment }: FlagView): string {
  return segment === null ? reason : `${reason}, segment ${segment}`
}

function decisionText({ name, before, after, isOtherQuestion }: DecisionChange): string {
  const now = `${inShort(after.answer)} (${percent(after.confidence)})`
  if (isOtherQuestion) return `"${name}": the model would be asked another question; it said ${now}`
  if (before === null) return `"${name}" is decided now: ${now}`
  return `"${name}": ${inShort(before.answer)} (${percent(before.confidence)}) → ${now}`
}

function proposalText({ name, before, after, verdict, closer }: ProposalChange): string {
  if (before === null) return `"${name}" would be proposed`
  const then = verdict === null ? 'not answered' : verdict
  if (after === null) return `"${name}" (${then}) would not be proposed`
  const how = {
    closer: 'nearer to what you made of it',
    further: 'further from what you made of it',
    'as close': 'as near to what you made of it',
    'cannot tell': 'whether it is better, the record can not tell',
  }
  return `"${name}" (${then}) would say something else: ${how[closer]}`
}

const SHORT = 100

function inShort(value: unknown): string {
  const text = JSON.stringify(value)
  return text.length > SHORT ? `${text.slice(0, SHORT)}…` : text
}

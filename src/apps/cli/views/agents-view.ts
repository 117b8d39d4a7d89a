/** Agents as a table; one of them with its instances, what was set aside, and the state of an instance. */
import type { Lifecycle } from '../../../kernel/agent.ts'
import type { AgentSummary } from '../../../runtime/agents/lists.ts'
import type { ShownAgent, ShownInstance } from '../../commands/agents.ts'
import { age, type Column, count, prose, table, type View, whatNext } from './view.ts'

export function agentsView(rows: readonly AgentSummary[], view: View): string {
  const [first] = rows
  if (first === undefined) return 'No agents.'
  const cells = rows.map((row) => [
    row.name,
    row.lifecycle,
    number(row.instances),
    number(row.pending),
    number(row.underWay),
    number(row.setAside),
    row.reason,
  ])
  return [
    ...table(
      [
        { title: 'AGENT' },
        lifecycleColumn(rows, view),
        ...['INSTANCES', 'PENDING', 'UNDER WAY', 'SET ASIDE'].map((title) => ({
          title,
          right: true as const,
        })),
        { title: 'WHY', gives: 1 },
      ],
      cells,
      view,
    ),
    '',
    view.colors.dim(count(rows.length, 'agent')),
    '',
    ...whatNext([[view.command(`agent show ${first.name}`), 'its instances, and what was set aside']], view),
  ].join('\n')
}

export function agentView(shown: ShownAgent, view: View): string {
  const { bold, dim } = view.colors
  const why = shown.reason === '' ? '' : `: ${shown.reason}`
  const lines = [
    `${bold(shown.name)} version ${shown.version}, ${shown.lifecycle} by ${shown.by}${why}`,
    dim(`handles ${shown.on.join(', ')}; ${shown.pending} pending, ${shown.underWay} under way`),
  ]
  if (shown.instance !== null) return [...lines, '', ...instanceLines(shown.instance, view)].join('\n')
  if (shown.latest.length > 0) lines.push('', ...instanceTable(shown, view))
  if (shown.aside.length > 0) lines.push('', ...asideTable(shown, view))
  return lines.join('\n')
}

function instanceLines(instance: ShownInstance, view: View): string[] {
  const { key, lifecycle, handled, pending, run, state, problem, setAside } = instance
  const status = [
    `${key}: ${lifecycle}`,
    `${count(handled, 'event')} handled`,
    `${pending} pending`,
    ...(run === null ? [] : [`under way as ${run}`]),
    ...(setAside.length === 0 ? [] : [`${setAside.length} set aside`]),
  ]
  return [
    status.join(', '),
    '',
    ...(problem === null ? prose(JSON.stringify(state, null, 2), 2, view.width) : [view.colors.red(problem)]),
  ]
}

function instanceTable({ latest, instances }: ShownAgent, view: View): string[] {
  const cells = latest.map((row) => [
    row.key,
    row.lifecycle,
    number(row.handled),
    number(row.pending),
    age(row.updated, view.now),
    row.run ?? row.reason,
  ])
  const columnsOf: Column[] = [
    { title: 'INSTANCE', gives: 1, least: 12 },
    lifecycleColumn(latest, view),
    { title: 'HANDLED', right: true },
    { title: 'PENDING', right: true },
    { title: 'CHANGED', right: true },
    { title: 'UNDER WAY', gives: 2, least: 16 },
  ]
  const more = latest.length < instances ? `; --limit ${instances} shows all` : ''
  return [...table(columnsOf, cells, view), '', view.colors.dim(`${count(instances, 'instance')}${more}`)]
}

function asideTable({ name, aside }: ShownAgent, view: View): string[] {
  const cells = aside.map(({ key, position, time, error }) => [
    String(position),
    key,
    age(time, view.now),
    `${error.code}: ${error.message}`,
  ])
  const columnsOf: Column[] = [
    { title: 'SET ASIDE', right: true },
    { title: 'INSTANCE', gives: 1, least: 12 },
    { title: 'AGE', right: true },
    { title: 'WHY', gives: 2, least: 20 },
  ]
  const retry = view.command(`agent retry ${name} ${aside[0]?.key} ${aside[0]?.position}`)
  return [...table(columnsOf, cells, view), '', ...whatNext([[retry, 'handle it again']], view)]
}

function lifecycleColumn(rows: readonly { readonly lifecycle: Lifecycle }[], { colors }: View): Column {
  const paint = {
    enabled: colors.green,
    paused: colors.yellow,
    draining: colors.yellow,
    quarantined: colors.red,
    retired: colors.dim,
  }
  return { title: 'LIFECYCLE', paint: (text, row) => paint[rows[row]?.lifecycle ?? 'enabled'](text) }
}

function number(value: number): string {
  return value === 0 ? '' : String(value)
}

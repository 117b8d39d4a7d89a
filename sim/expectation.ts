/** What a run may come to, as far as its tree says: the model that the outcomes of a simulation are compared with. */
import type { Json } from '../src/kernel/json.ts'
import { canSay } from './flags.ts'
import { branches, type ReviewTree, type Tree } from './tree.ts'
import { answerTo } from './world.ts'

export type Ending =
  | { readonly ok: true; readonly value: Json }
  | { readonly ok: false; readonly code: string }

/** What an effect may fail with, when it surely was not done or was given up. */
const EFFECT_FAILURES = ['POLICY_DENIED', 'CONNECTOR_REFUSED', 'CONNECTOR_UNAVAILABLE', 'EFFECT_ABANDONED']
const VERDICTS = ['approved', 'edited', 'rejected', 'responded']

/** Why the tree can't have come to this; null when it can. */
export function mismatch(tree: Tree, path: string, ending: Ending): string | null {
  if (ending.ok) return valueMismatch(tree, path, ending.value)
  return failures(tree, path).has(ending.code) ? null : `${path} can't fail with ${ending.code}`
}

function valueMismatch(tree: Tree, path: string, value: Json): string | null {
  const below = branches(tree, path)
  const list = Array.isArray(value) ? value : []
  const is = (right: boolean): string | null =>
    right ? null : `${path} (${tree.type}) can't give ${JSON.stringify(value)}`
  switch (tree.type) {
    case 'step':
      return is(tree.failures < 5 && value === tree.value)
    case 'oops':
      return is(tree.mendable && value === 'mended')
    case 'sleep':
      return is(value === 'slept')
    case 'wait':
      return is(value === 'in vain')
    case 'hear': {
      const heard = list.filter((one) => one !== 'silence')
      const right = heard.every((id) => typeof id === 'string' && id.startsWith(`${path}/`))
      const patient = tree.patienceMs !== null || heard.length === tree.times
      return is(right && patient && list.length === tree.times && new Set(heard).size === heard.length)
    }
    case 'meet': {
      const heard = list.filter((one) => one !== 'silence') as number[]
      return is(list.length === tree.events && heard.every((n, i) => n === i))
    }
    case 'act':
      return is(value === answerTo({ operation: tree.operation, path }) || value === null)
    case 'review': {
      const [verdict, n, way] = list
      const edited = verdict === 'edited' ? 100 : 0
      return is(mayBeAnswered(tree, String(verdict), String(way)) && n === tree.n + edited)
    }
    case 'flag':
      return is(canSay(tree, value))
    case 'draw':
      return is(typeof list[0] === 'number' && typeof list[1] === 'string')
    case 'decide':
      return is(value === tree.answer)
    case 'loop':
      return is(list.length === tree.times && list.every((one, i) => one === i))
    case 'call':
      return first(below, (branch, at) => valueMismatch(branch, at, value))
    case 'spawn':
      return is(typeof value === 'string' && value.startsWith('/') && value.endsWith(path))
    case 'regret':
      if (list.length !== 2 || typeof list[1] !== 'number') return is(false)
      return first(below, (branch, at) => valueMismatch(branch, at, list[0] ?? null))
    case 'some':
    case 'each':
      if (list.length !== below.length) return is(false)
      return first(below, (branch, at, i) =>
        tree.onFailure === 'settle'
          ? settledMismatch(branch, at, list[i] ?? null)
          : valueMismatch(branch, at, list[i] ?? null),
      )
    case 'nodes':
      if (list.length !== below.length) return is(false)
      if (!skipsRightly(tree, list)) return is(false)
      return first(below, (branch, at, i) =>
        tree.onFailure === 'all-or-nothing'
          ? valueMismatch(branch, at, list[i] ?? null)
          : settledMismatch(branch, at, list[i] ?? null),
      )
    case 'try': {
      const [branch, at] = below[0] as [Tree, string]
      const wrong = valueMismatch(branch, at, value)
      const code = typeof value === 'string' && value.startsWith('caught ') ? value.slice(7) : null
      return wrong === null || code === null ? wrong : mismatch(branch, at, { ok: false, code })
    }
    case 'seq':
    case 'all':
      if (list.length !== below.length) return is(false)
      return first(below, (branch, at, i) => valueMismatch(branch, at, list[i] ?? null))
    case 'race':
    case 'first': {
      const winner = below[Number(list[0])]
      return winner === undefined ? is(false) : valueMismatch(...winner, list[1] ?? null)
    }
  }
}

function mayBeAnswered(tree: ReviewTree, verdict: string, way: string): boolean {
  const { deadlineMs, onExpiry, operation, hasWarning } = tree
  if (way === 'autonomy') return verdict === 'rejected' || (verdict === 'approved' && !hasWarning)
  if (way === 'rule') return verdict === 'approved' && !hasWarning
  if (way !== 'expiry') return VERDICTS.includes(verdict)
  const mayApprove = onExpiry === 'approve' && operation === 'world.read' && !hasWarning
  return deadlineMs !== null && (verdict === 'rejected' ? onExpiry === 'reject' : mayApprove)
}

/** What became of one of several that are waited for whatever they come to. */
function settledMismatch(tree: Tree, path: string, value: Json): string | null {
  const [state, what] = Array.isArray(value) ? value : []
  if (state === 'done') return valueMismatch(tree, path, what ?? null)
  if (state === 'failed') return mismatch(tree, path, { ok: false, code: String(what) })
  return state === 'skipped' ? null : `${path} (${tree.type}) can't come to ${JSON.stringify(value)}`
}

/** A node that is done comes after none that isn't; one is skipped only for one that failed. */
function skipsRightly({ nodes, onFailure }: Tree & { type: 'nodes' }, list: readonly Json[]): boolean {
  if (onFailure === 'all-or-nothing') return true
  const states = list.map((one) => (Array.isArray(one) ? String(one[0]) : ''))
  return nodes.every(({ after }, i) => {
    if (states[i] !== 'skipped') return after.every((before) => states[before] === 'done')
    const because = Number(String((list[i] as Json[])[1]).slice(1))
    return states[because] === 'failed'
  })
}

function first(
  below: readonly [Tree, string][],
  look: (branch: Tree, at: string, i: number) => string | null,
): string | null {
  for (const [i, [branch, at]] of below.entries()) {
    const found = look(branch, at, i)
    if (found !== null) return found
  }
  return null
}

/** The codes that a tree can fail with. */
function failures(tree: Tree, path: string): Set<string> {
  switch (tree.type) {
    case 'step':
      return new Set(tree.failures >= 5 ? ['STEP_FAILED'] : [])
    case 'oops':
      return new Set([tree.code])
    case 'act':
      return new Set(
        tree.operation === 'read' ? [...EFFECT_FAILURES, 'OUTPUT_INVALID', 'STEP_FAILED'] : EFFECT_FAILURES,
      )
    case 'try':
      return new Set()
    default: {
      const codes = branches(tree, path).flatMap(([branch, at]) => [...failures(branch, at)])
      if (tree.type === 'spawn') return new Set()
      if (tree.type === 'regret') codes.push('ROLLBACK_INCOMPLETE')
      // A child can be cancelled from outside.
      return new Set(tree.type === 'call' || tree.type === 'regret' ? [...codes, 'RUN_CANCELLED'] : codes)
    }
  }
}

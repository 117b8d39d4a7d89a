/** Changes of `flags.yaml` by a command: the text keeps its comments and its order, and is checked before it is written. */
import { isMap, isSeq, parseDocument, type YAMLMap } from 'yaml'
import type { FlagDefinition, Rule } from '../../flags/definitions.ts'
import { definitionOf } from '../../flags/flag-book.ts'
import { HoldfastError } from '../../kernel/errors.ts'
import { FLAGS_FILE, parseFlags } from './flags-file.ts'

export type FlagEdit =
  /** The kill switch: `off` gives everybody the variant `off`, `on` lets the rules answer again. */
  | { readonly what: 'on' | 'off' }
  /** The variant for a segment; without one, where no rule answers. */
  | { readonly what: 'set'; readonly variant: string; readonly segment: string | null }
  /** The share that gets a variant, of a segment or of all. */
  | {
      readonly what: 'roll-out'
      readonly percent: number
      /** Default: `on` of a boolean flag. */
      readonly variant: string | null
      readonly segment: string | null
    }

/** Flags that need not be in the file to be switched: without them all is on. */
const SWITCHES = /^(workflow|agent)\./

/**
 * @param text null for no file
 * @throws FLAGS_INVALID of the text as it is, FLAG_NOT_FOUND for an unknown flag, variant or segment
 */
export function editFlags(text: string | null, flag: string, edit: FlagEdit, file = FLAGS_FILE): string {
  const before = text ?? 'version: 1\nflags: {}\n'
  const { flags, segments } = parseFlags(before, file)
  const document = parseDocument(before)
  const isNew = !Object.hasOwn(flags, flag) && SWITCHES.test(flag)
  if (isNew) document.setIn(['flags', flag], document.createNode({ default: 'on' }))
  const known: FlagDefinition = isNew ? NEW_SWITCH : definitionOf({ flags, segments }, flag)
  const at = (...path: (string | number)[]) => ['flags', flag, ...path]
  const assert = (kind: string, name: string, names: readonly string[]): void => {
    if (!names.includes(name)) throw notFound(kind, name, names)
  }
  if (!('segment' in edit)) document.setIn(at('enabled'), edit.what === 'on')
  else {
    const { segment } = edit
    if (segment !== null) assert('segment', segment, Object.keys(segments))
    const variant = edit.variant ?? (known.type === 'boolean' ? 'on' : null)
    if (variant === null) {
      throw new HoldfastError('INPUT_INVALID', `Flag ${flag} is a ${known.type}, and no variant is given`, {
        details: { flag, variants: Object.keys(known.variants) },
        fix: `Say which with --variant: ${Object.keys(known.variants).join(', ')}.`,
      })
    }
    assert('variant', variant, Object.keys(known.variants))
    if (edit.what === 'roll-out') rollOut(known.rules, { ...edit, variant })
    else if (segment === null) document.setIn(at('default'), variant)
    else serve(known.rules, segment, variant)
  }
  for (const path of [['flags'], ['flags', flag]]) unfold(document.getIn(path))
  const after = document.toString({ lineWidth: 0 })
  parseFlags(after, file)
  return after

  function rollOut(
    rules: readonly Rule[],
    { variant, segment, percent }: { variant: string; segment: string | null; percent: number },
  ): void {
    const index = rules.findIndex((rule) => rule.segment === segment && rule.split !== null)
    if (index !== -1) document.setIn(at('rules', index, 'split', variant), percent)
    else addRule({ ...(segment === null ? {} : { segment }), split: { [variant]: percent } }, false)
  }

  function serve(rules: readonly Rule[], segment: string, variant: string): void {
    const index = rules.findIndex((rule) => rule.segment === segment && rule.serve !== null)
    if (index !== -1) document.setIn(at('rules', index, 'serve'), variant)
    else addRule({ segment, serve: variant }, true)
  }

  /** @param isFirst for a rule that is to go before those that are there */
  function addRule(rule: object, isFirst: boolean): void {
    const node = document.createNode(rule, { flow: true })
    const there = document.getIn(at('rules'))
    if (!isSeq(there)) document.setIn(at('rules'), document.createNode([node]))
    else if (isFirst) there.items.unshift(node)
    else there.items.push(node)
    unfold(document.getIn(at('rules')))
  }
}

const NEW_SWITCH: FlagDefinition = {
  description: '',
  type: 'boolean',
  enabled: true,
  variants: { on: true, off: false },
  default: 'on',
  off: 'off',
  rules: [],
}

/** One entry a line, also where the file began with `{}`. */
function unfold(node: unknown): void {
  if (isMap(node) || isSeq(node)) (node as YAMLMap).flow = false
}

function notFound(kind: string, name: string, known: readonly string[]): HoldfastError {
  return new HoldfastError(
    'FLAG_NOT_FOUND',
    `There is no ${kind} ${name}; there are ${known.join(', ') || 'none'}`,
    {
      details: { [kind]: name, known },
    },
  )
}

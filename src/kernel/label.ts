/**
 * Labels say where a value comes from and who may read it; they travel with every event from the first
 * day. The idea is the information-flow lattice of Denning (1976): joining values can only lower trust,
 * widen the sources and narrow the readers.
 */

import { HoldfastError } from './errors.ts'

/** owner: the operator's own word. system: made by Holdfast from nothing outside. external: came from outside. */
export type Trust = 'owner' | 'system' | 'external'

export interface Label {
  readonly trust: Trust
  /** Where it came from, such as `mail:m-5f2c…`; sorted, without repeats. */
  readonly sources: readonly string[]
  /** Who may read it; null means no restriction. */
  readonly readers: readonly string[] | null
}

export const SYSTEM: Label = Object.freeze({ trust: 'system', sources: [], readers: null })
export const OWNER: Label = Object.freeze({ trust: 'owner', sources: [], readers: null })

export function externalFrom(source: string): Label {
  return { trust: 'external', sources: [source], readers: null }
}

const RANK: Record<Trust, number> = { external: 0, system: 1, owner: 2 }

/** The lowest trust, the union of the sources, the intersection of the readers. */
export function joinLabels(a: Label, b: Label): Label {
  if (a === b) return a
  const trust = RANK[a.trust] <= RANK[b.trust] ? a.trust : b.trust
  return { trust, sources: union(a.sources, b.sources), readers: intersection(a.readers, b.readers) }
}

function union(a: readonly string[], b: readonly string[]): readonly string[] {
  if (b.length === 0) return a
  if (a.length === 0) return b
  return [...new Set([...a, ...b])].sort()
}

function intersection(a: readonly string[] | null, b: readonly string[] | null): readonly string[] | null {
  if (a === null) return b
  if (b === null) return a
  return a.filter((reader) => b.includes(reader))
}

/**
 * The stored form: the bare trust word when there is nothing else to say, JSON otherwise.
 * @throws INPUT_INVALID for what could not be read back: a log that holds it would be lost
 */
export function encodeLabel(label: Label): string {
  assertLabel(label)
  if (label.sources.length === 0 && label.readers === null) return label.trust
  return JSON.stringify([label.trust, label.sources, label.readers])
}

export function decodeLabel(text: string): Label {
  if (text === 'system') return SYSTEM
  if (text === 'owner') return OWNER
  if (text === 'external') return { trust: 'external', sources: [], readers: null }
  const [trust, sources, readers] = JSON.parse(text) as [Trust, string[], string[] | null]
  return { trust, sources, readers }
}

function assertLabel(label: unknown): asserts label is Label {
  const { trust, sources, readers } = (label ?? {}) as Partial<Label>
  const isTrust = typeof trust === 'string' && Object.hasOwn(RANK, trust)
  if (isTrust && areTexts(sources) && (readers === null || areTexts(readers))) return
  throw new HoldfastError(
    'INPUT_INVALID',
    `A label can't have ${isTrust ? 'these sources and readers' : `the trust ${String(trust)}`}`,
    {
      fix: 'Give `trust` as owner, system or external, `sources` as a list of texts, `readers` as one, or null for everybody.',
    },
  )
}

function areTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((one) => typeof one === 'string')
}

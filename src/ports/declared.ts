/** What a manifest says of an operation, with the defaults of what it does not say. */
import { HoldfastError } from '../kernel/errors.ts'
import type { DeclaredManifest, Operation } from './connector.ts'

const EVERY_ARGUMENT: readonly string[] = Object.freeze(['*'])

/**
 * What is reversible passes where what leaves is asked about, so it needs the undo that makes it so.
 * @param name the full name, such as `books.enter`
 * @throws INPUT_INVALID
 */
export function declared(name: string, { manifest, undo }: Operation): DeclaredManifest {
  if (manifest.effect === 'reversible' && undo === undefined) {
    throw new HoldfastError('INPUT_INVALID', `${name} is declared reversible, and has no undo`, {
      details: { operation: name, field: 'effect' },
      fix: 'Give it an `undo`, or say `external` or `irreversible`: what nothing takes back is not reversible.',
    })
  }
  const isRead = manifest.effect === 'read'
  return Object.freeze({
    title: manifest.title ?? '',
    effect: manifest.effect ?? 'irreversible',
    idempotency: manifest.idempotency ?? 'none',
    criticalArguments: manifest.criticalArguments ?? (isRead ? [] : EVERY_ARGUMENT),
    hosts: manifest.hosts ?? [],
    dataClass: manifest.dataClass ?? 'personal',
    gives: manifest.gives ?? (isRead ? 'external' : 'system'),
    witness: manifest.witness ?? 'outside',
    carries: Object.freeze({ ...manifest.carries }),
    secrets: manifest.secrets ?? [],
    timeoutMs: manifest.timeoutMs ?? 30_000,
    priceMicros: manifest.priceMicros ?? 0,
    hasUndo: undo !== undefined,
  })
}

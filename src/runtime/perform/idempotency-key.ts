import { shortHash } from '../replay/hashes.ts'

/** Unique among effects and steps of all workspaces, equal for all attempts of one. */
export function idempotencyKeyOf(
  execution: {
    readonly run: { readonly id: string }
    readonly host: { readonly log: { readonly id: string } }
  },
  name: string,
): string {
  return shortHash(JSON.stringify([execution.host.log.id, execution.run.id, name]), 40)
}

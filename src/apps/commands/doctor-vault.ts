/** Whether the secrets can be had, and whether others can have them. */
import { stat } from 'node:fs/promises'
import { relative } from 'node:path'
import { keyFileOf } from '../../adapters/vault/vault.ts'
import { handleOf } from '../../ports/vault.ts'
import type { LoadedConfig } from '../config/config.ts'
import { bad, type DoctorSubject, type Found, fine, warn } from './doctor.ts'
import type { Inspection } from './inspect.ts'

/** @throws VAULT_INVALID */
export async function vaultRow(
  { dir, env }: Pick<DoctorSubject, 'dir' | 'env'>,
  { secrets }: Pick<Inspection, 'secrets'>,
  loaded: LoadedConfig | null,
): Promise<Found> {
  for (const { name, trouble } of secrets) {
    if (trouble !== null) return bad(`${handleOf(name)}: ${trouble.message}`, trouble.fix ?? '')
  }
  const names = new Set(secrets.map(({ name }) => handleOf(name)))
  const handles = Object.values(loaded?.secrets ?? {}).flatMap(({ handle }) => handle ?? [])
  const missing = handles.find((handle) => !names.has(handle))
  if (missing !== undefined) {
    const name = missing.slice(handleOf('').length)
    return bad(
      `${missing} is named in the configuration, and not in the vault`,
      `Run \`holdfast vault set ${name}\`.`,
    )
  }
  const deaf = Object.entries(loaded?.config.webhooks.from ?? {}).find(
    ([, source]) => !source.secrets.some((handle) => names.has(handle)),
  )
  if (deaf !== undefined) {
    const [webhook, { secrets: handles }] = deaf
    return bad(
      `webhook ${webhook} takes nothing: the vault has none of ${handles.join(', ')}`,
      `Run \`holdfast vault set ${(handles[0] ?? '').slice(handleOf('').length)}\`.`,
    )
  }
  const keyFile = await keyFileOf({ dir, env })
  const found = keyFile === null ? undefined : await stat(keyFile).catch(() => undefined)
  if (keyFile !== null && found !== undefined) {
    if (process.platform !== 'win32' && (found.mode & 0o077) !== 0) {
      return bad(`others on this machine can read the master key ${keyFile}`, `chmod 600 ${keyFile}`)
    }
    if (!relative(dir, keyFile).startsWith('..')) {
      return warn(
        `the master key ${keyFile} lies in the workspace that it locks`,
        'Move it elsewhere, and name it with HOLDFAST_VAULT_KEY_FILE.',
      )
    }
  }
  const count = secrets.length === 1 ? '1 secret opens' : `${secrets.length} secrets, all of them open`
  return fine(secrets.length === 0 ? 'no secrets' : count)
}

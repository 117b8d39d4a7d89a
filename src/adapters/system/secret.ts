/** Secrets come by environment: as `NAME`, or as `NAME_FILE`, the path of a file that holds it. */
import { readFile } from 'node:fs/promises'
import { HoldfastError } from '../../kernel/errors.ts'
import type { Environment } from './environment.ts'

/** The variable that holds the secret `name`: `NAME` goes before `NAME_FILE`; null when neither is set. */
export function secretVariable(env: Environment, name: string): string | null {
  return [name, `${name}_FILE`].find((variable) => env[variable]?.trim()) ?? null
}

/**
 * The secret without the white space around it; null when it is not set.
 * @throws CONFIG_INVALID when the file that `NAME_FILE` names can't be read or is empty.
 */
export async function readSecret(env: Environment, name: string): Promise<string | null> {
  const variable = secretVariable(env, name)
  if (variable === null) return null
  const value = (env[variable] ?? '').trim()
  return variable === name ? value : await readSecretFile(value, variable)
}

/**
 * The content of a file that holds one secret, without the white space around it.
 * @param origin what named the file, such as `OPENAI_API_KEY_FILE`
 * @throws CONFIG_INVALID when it can't be read or is empty.
 */
export async function readSecretFile(path: string, origin: string): Promise<string> {
  const secret = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw unusable(path, origin, `can't be read (${error.code})`)
  })
  if (secret.trim() === '') throw unusable(path, origin, 'is empty')
  return secret.trim()
}

function unusable(path: string, origin: string, why: string): HoldfastError {
  return new HoldfastError('CONFIG_INVALID', `The file ${path}, named by ${origin}, ${why}`, {
    details: { path, origin },
    fix: 'Name a readable file that holds nothing but the secret.',
  })
}

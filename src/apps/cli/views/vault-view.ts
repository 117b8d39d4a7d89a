/** How the secrets look: by name, never a value. */
import type { ListedSecret } from '../../../policy/secrets.ts'
import type { VaultKey } from '../../../ports/vault.ts'
import { age, count, table, type View, whatNext } from './view.ts'

export function vaultView(
  secrets: readonly (ListedSecret & { readonly handle: string; readonly namedIn: readonly string[] })[],
  view: View,
): string {
  if (secrets.length === 0) {
    const next = whatNext([[view.command('vault set smtp-password'), 'put one in']], view)
    return ['The vault is empty.', '', ...next].join('\n')
  }
  const columns = [
    { title: 'HANDLE' },
    { title: 'VERSION', right: true as const },
    { title: 'SET', right: true as const },
    { title: 'USED', right: true as const },
    { title: 'LAST USED BY', gives: 1 },
    { title: 'NAMED IN', gives: 2 },
  ]
  const rows = secrets.map(({ handle, version, set, uses, used, usedBy, namedIn }) => [
    handle,
    String(version),
    age(set, view.now),
    uses === 0 ? 'never' : `${uses}×`,
    used === null ? '' : `${usedBy}, ${age(used, view.now)} ago`,
    namedIn.join(', '),
  ])
  return [...table(columns, rows, view), '', view.colors.dim(count(secrets.length, 'secret'))].join('\n')
}

/** What the operator must know of a key that was just made. */
export function keyNote({ where }: VaultKey): string {
  return (
    `Made the master key of the vault: ${where}\n` +
    'Whoever loses it loses the secrets in the vault: neither the workspace nor a backup holds it. Keep a copy elsewhere.'
  )
}

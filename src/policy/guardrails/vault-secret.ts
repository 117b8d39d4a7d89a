/** What the redactor makes of a text says whether it holds a secret of the vault, in whatever form. */

/** The handle that it put in; null where the text is as it was. */
export function handleIn(text: string, redacted: string): string | null {
  if (redacted === text) return null
  return /vault:[a-z0-9][a-z0-9._-]*/i.exec(redacted)?.[0] ?? 'of the environment'
}

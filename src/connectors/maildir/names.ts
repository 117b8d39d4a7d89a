/**
 * Names of the files in a Maildir (https://cr.yp.to/proto/maildir.html): a base name that stays, then the
 * flags, which mail programs change (`:2,S` is seen).
 */

/** Windows allows no colon in a name; programs there use a semicolon. */
const SEPARATOR = process.platform === 'win32' ? ';' : ':'

/** Comes before the letters of the flags. */
export const FLAGS = `${SEPARATOR}2,`

/** The part of a file name that stays when flags change. */
export function baseName(file: string): string {
  const flags = file.lastIndexOf(FLAGS)
  return flags < 0 ? file : file.slice(0, flags)
}

/** The page about the error codes, made from their table: `node scripts/errors-doc.ts --write`. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ERRORS, type ErrorEntry } from '../src/kernel/error-table.ts'
import { ROOT } from './command.ts'

export const ERRORS_PAGE = join(ROOT, 'docs', 'errors.md')

export function errorsDoc(): string {
  const sections = Object.entries<ErrorEntry>(ERRORS).map(
    ([code, { means, retry, http, exit, fix }]) =>
      `## ${code}\n\n${means}\n\n**Fix:** ${fix}\n\nRetry: ${retry} · HTTP ${http} · exit code ${exit}\n`,
  )
  return `# Errors

<!-- Made by \`node scripts/errors-doc.ts --write\` from src/kernel/error-table.ts; edit that. -->

Every failure has a stable code, says what happened with the ids and values, and names the next action.
Retry says when the same call may pass: *never*; *later*, after a wait; or once the *operator* has acted.

${sections.join('\n')}`
}

if (import.meta.main && process.argv.includes('--write')) writeFileSync(ERRORS_PAGE, errorsDoc())

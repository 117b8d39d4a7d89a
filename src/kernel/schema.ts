/**
 * Schemas at the borders are anything that speaks Standard Schema (https://standardschema.dev), such as
 * zod, valibot or arktype; the kernel depends on none of them.
 */
import type { ErrorCode } from './error-table.ts'
import { HoldfastError } from './errors.ts'

export interface StandardIssue {
  readonly message: string
  readonly path?: ReadonlyArray<PropertyKey | { readonly key: PropertyKey }> | undefined
}

export type StandardResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: ReadonlyArray<StandardIssue> }

export interface Schema<Output = unknown, Input = unknown> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (
      value: unknown,
      options?: { readonly libraryOptions?: Record<string, unknown> | undefined } | undefined,
    ) => StandardResult<Output> | Promise<StandardResult<Output>>
    readonly types?: { readonly input: Input; readonly output: Output } | undefined
  }
}

/**
 * The value as the schema gives it back.
 * @throws `code` with every issue and its path in the message.
 */
export async function validate<Output>(
  schema: Schema<Output>,
  value: unknown,
  what: string,
  code: ErrorCode = 'INPUT_INVALID',
): Promise<Output> {
  const given = schema['~standard'].validate(value)
  const result = 'then' in given ? await given : given
  if (result.issues === undefined) return result.value
  const issues = result.issues.map((issue) => `${pathOf(issue) || what}: ${issue.message}`)
  throw new HoldfastError(code, `${what} does not fit its schema: ${issues.join('; ')}`, {
    details: { what, issues },
  })
}

function pathOf(issue: StandardIssue): string {
  return (issue.path ?? []).map((part) => String(typeof part === 'object' ? part.key : part)).join('.')
}

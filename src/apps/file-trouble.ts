/** What the file system refuses is for the operator to mend, and no defect. */
import { HoldfastError, isHoldfastError } from '../kernel/errors.ts'

const TROUBLES: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOENT: 'there is no such file or folder, and it can not be made there',
  ENOTDIR: 'a part of the path is no folder',
  EISDIR: 'it is a folder, and a file is needed',
  EEXIST: 'there is something else of that name',
  ENOSPC: 'no space is left',
  ENAMETOOLONG: 'the name is too long',
  ELOOP: 'the links lead in a circle',
}

/** FOLDER_UNUSABLE with the path, for a failed call to the file system or a local socket; else the error itself. */
export function asFileTrouble(error: unknown): unknown {
  if (isHoldfastError(error) || !(error instanceof Error)) return error
  const { code = '', path, address, syscall = '' } = error as NodeJS.ErrnoException & { address?: unknown }
  const where = path ?? address
  const why = TROUBLES[code]
  if (why === undefined || typeof where !== 'string' || !/[\\/]/.test(where)) return error
  return new HoldfastError('FOLDER_UNUSABLE', `${where}: ${why} (${code}, ${syscall})`, {
    details: { path: where, code, syscall },
    cause: error,
  })
}

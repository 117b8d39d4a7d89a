/** What a process did to the files of a folder, in order, as strace saw it. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'

export type FileOperation =
  | { readonly what: 'write'; readonly file: string; readonly at: number; readonly bytes: Buffer }
  | { readonly what: 'truncate'; readonly file: string; readonly size: number }
  | { readonly what: 'remove'; readonly file: string }
  | { readonly what: 'sync'; readonly file: string }
  /** The process said that everything up to this position is durable. */
  | { readonly what: 'acknowledge'; readonly position: number }

const CALLS = 'pwrite64,write,ftruncate,fsync,fdatasync,openat,unlink'
const WORKLOAD = join(import.meta.dirname, 'workload.ts')

/** Runs the workload under strace. @throws when there is no strace */
export function record(synchronous: 'full' | 'normal'): FileOperation[] {
  if (spawnSync('strace', ['-V']).status !== 0) {
    throw new Error(
      'strace is not installed, and what a process writes is seen with it: apt-get install strace',
    )
  }
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-record-'))
  const [dir, trace] = [join(folder, 'log'), join(folder, 'trace')]
  try {
    const flags = ['-f', '-xx', '-s', '1000000', '-e', `trace=${CALLS}`, '-e', 'signal=none', '-o', trace]
    const { status, stderr } = spawnSync('strace', [...flags, process.execPath, WORKLOAD, dir, synchronous])
    if (status !== 0) throw new Error(`The recorded process failed: ${String(stderr)}`)
    return operationsIn(readFileSync(trace, 'latin1'), dir)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const CALL = /^(\d+) +(\w+)\((.*)\) += (-?\d+)/
const BEGUN = /^(\d+) +(.*) <unfinished \.\.\.>$/
const RESUMED = /^(\d+) +<\.\.\. \w+ resumed>(.*)$/

function operationsIn(trace: string, dir: string): FileOperation[] {
  const files = new Map<string, string>()
  const operations: FileOperation[] = []
  for (const line of wholeCalls(trace)) {
    const [, , call = '', args = '', result = ''] = CALL.exec(line) ?? []
    if (call === '' || result.startsWith('-')) continue
    const operation = toOperation(call, args, result, files, dir)
    if (operation !== null) operations.push(operation)
  }
  return operations
}

/** A call during which another thread made one stands on two lines. */
function* wholeCalls(trace: string): Generator<string> {
  const begun = new Map<string, string>()
  for (const line of trace.split('\n')) {
    const [, thread = '', beginning] = BEGUN.exec(line) ?? []
    const [, resumed = '', rest] = RESUMED.exec(line) ?? []
    if (beginning !== undefined) begun.set(thread, `${thread} ${beginning}`)
    else if (rest !== undefined) yield `${begun.get(resumed) ?? ''}${rest}`
    else yield line
  }
}

function toOperation(
  call: string,
  args: string,
  result: string,
  files: Map<string, string>,
  dir: string,
): FileOperation | null {
  const texts = [...args.matchAll(/"((?:\\x[0-9a-f]{2})*)"/g)].map(([, text = '']) => bytesOf(text))
  const path = texts[0]?.toString() ?? ''
  const [descriptor = ''] = args.split(',')
  const file = files.get(descriptor)
  switch (call) {
    case 'openat':
      if (path.startsWith(`${dir}/`)) files.set(result, basename(path))
      else files.delete(result)
      return null
    case 'unlink':
      return path.startsWith(`${dir}/`) ? { what: 'remove', file: basename(path) } : null
    case 'write':
      return descriptor === '1' && path.startsWith('ack ')
        ? { what: 'acknowledge', position: Number(path.slice('ack '.length)) }
        : null
  }
  if (file === undefined) return null
  const last = Number(args.slice(args.lastIndexOf(',') + 1))
  if (call === 'pwrite64') return { what: 'write', file, at: last, bytes: texts[0] ?? Buffer.alloc(0) }
  if (call === 'ftruncate') return { what: 'truncate', file, size: last }
  return { what: 'sync', file }
}

function bytesOf(escaped: string): Buffer {
  return Buffer.from(escaped.replaceAll('\\x', ''), 'hex')
}

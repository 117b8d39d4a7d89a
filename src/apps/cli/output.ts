/**
 * What the command line says, and where: data on stdout, everything else on stderr. Colours and live lines
 * are for terminals; whoever reads a pipe gets plain lines. A reader that has gone away is no failure.
 */
import type { WriteStream } from 'node:tty'
import { createColors } from 'picocolors'
import type { Environment } from '../../adapters/system/environment.ts'
import type { ErrorRecord } from '../../kernel/errors.ts'
import { columns, oneLine } from '../../observe/plain-text.ts'
import type { Redactor } from '../../ports/vault.ts'

export type Colors = ReturnType<typeof createColors>

export interface OutputOptions {
  readonly stdout: NodeJS.WriteStream
  readonly stderr: NodeJS.WriteStream
  readonly env: Environment
  readonly json: boolean
  readonly quiet: boolean
  /** What everything passes before it is written. */
  readonly redactor: Redactor
}

/** Lines longer than this are hard to read, however wide the terminal is. */
const WIDEST = 110
const WIDTH_OF_PIPES = 100
/** Where no line can be painted over, how far it is is told this often. */
const PLAIN_PROGRESS_MS = 5_000

export class Output {
  readonly json: boolean
  /** For stdout. */
  readonly colors: Colors
  /** For stderr. */
  readonly noteColors: Colors
  /** Columns of a line on stdout. */
  readonly width: number
  readonly #options: OutputOptions
  #live = false
  #lastProgress = Date.now()
  #closed = false
  readonly #onClosed: (() => void)[] = []

  constructor(options: OutputOptions) {
    this.#options = options
    this.json = options.json
    this.colors = createColors(wantsColor(options.stdout, options.env))
    this.noteColors = createColors(wantsColor(options.stderr, options.env))
    this.width = widthOf(options.stdout, options.env)
    options.stdout.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') return
      this.#closed = true
      for (const tell of this.#onClosed.splice(0)) tell()
    })
  }

  /** Data, as text for a person. */
  text(text: string): void {
    this.#write(text.endsWith('\n') ? text : `${text}\n`)
  }

  /** Data, as one JSON document. */
  document(data: unknown): void {
    this.#write(`${JSON.stringify(this.#options.redactor.json(data), null, 2)}\n`)
  }

  /** Data, as one line of a stream; resolves when there is room for the next. */
  async row(row: unknown): Promise<void> {
    const { stdout } = this.#options
    if (this.#closed || this.#write(`${JSON.stringify(this.#options.redactor.json(row))}\n`)) {
      await new Promise((resolve) => setImmediate(resolve))
      return
    }
    await new Promise<void>((resolve) => {
      stdout.once('drain', resolve)
      this.onClosed(resolve)
    })
  }

  /** Called when whoever read stdout has gone away. */
  onClosed(tell: () => void): void {
    if (this.#closed) tell()
    else this.#onClosed.push(tell)
  }

  #write(text: string): boolean {
    this.#clearLive()
    return this.#closed || this.#options.stdout.write(this.#options.redactor.text(text))
  }

  #say(text: string): void {
    this.#options.stderr.write(this.#options.redactor.text(text))
  }

  /** A line on stderr that stays; nothing with `--quiet`. */
  note(line: string): void {
    if (this.#options.quiet) return
    this.#clearLive()
    this.#say(`${line}\n`)
  }

  /** How far it is: on a terminal a line that is painted over, elsewhere a line now and then. */
  progress(line: string): void {
    const { stderr, quiet } = this.#options
    if (quiet) return
    if (stderr.isTTY) {
      const room = widthOf(stderr, this.#options.env) - 2
      const clean = this.#options.redactor.text(line)
      const text = columns(clean) > room ? `${clean.slice(0, room - 1)}…` : clean
      stderr.write(`\r\x1b[2K${this.noteColors.dim('… ')}${text}`)
      this.#live = true
    } else if (Date.now() - this.#lastProgress >= PLAIN_PROGRESS_MS) {
      this.#lastProgress = Date.now()
      this.#say(`${line}\n`)
    }
  }

  #clearLive(): void {
    if (!this.#live) return
    this.#live = false
    this.#options.stderr.write('\r\x1b[2K')
  }

  /** A failure: what it is called, what happened, what to do. @param trace for what should never happen. */
  error(record: ErrorRecord, trace = ''): void {
    this.#clearLive()
    const { fix = '' } = record
    if (this.json) {
      this.#say(`${JSON.stringify({ error: this.#options.redactor.json(record) })}\n`)
      return
    }
    const { bold, red, dim } = this.noteColors
    const message = record.message.split('\n').map(oneLine).join('\n  ')
    this.#say(`${bold(red(record.code))}: ${message}\n`)
    if (fix) this.#say(`${bold('Fix')}: ${fix}\n`)
    if (trace) this.#say(`${dim(trace)}\n`)
  }
}

/** NO_COLOR, FORCE_COLOR: https://no-color.org, https://force-color.org */
function wantsColor(stream: NodeJS.WriteStream, env: Environment): boolean {
  if (env.NO_COLOR) return false
  if (env.FORCE_COLOR) return env.FORCE_COLOR !== '0'
  return stream.isTTY === true && env.TERM !== 'dumb'
}

function widthOf(stream: NodeJS.WriteStream, env: Environment): number {
  const wide = (stream as Partial<WriteStream>).columns ?? Number(env.COLUMNS || WIDTH_OF_PIPES)
  return Math.max(40, Math.min(wide || WIDTH_OF_PIPES, WIDEST))
}

/** From what was typed to a verb and back to an exit code. */
import { resolve } from 'node:path'
import { CommanderError, Command as Parser } from 'commander'
import type { Environment } from '../../adapters/system/environment.ts'
import { type ErrorRecord, entryOf, isHoldfastError, toErrorRecord } from '../../kernel/errors.ts'
import { createRedactor } from '../../policy/redactor.ts'
import type { Redactor } from '../../ports/vault.ts'
import { learnVariables } from '../config/secret-sources.ts'
import { asFileTrouble } from '../file-trouble.ts'
import { isAttended } from './attended.ts'
import { armFromEnvironment } from './crash-env.ts'
import { Output } from './output.ts'
import { asTyped, type ProgramName, programName } from './program-name.ts'
import { rootHelp } from './root-help.ts'
import { stopSignals } from './stop-signals.ts'
import type { Call, Verb } from './verb.ts'
import { VERBS } from './verb-table.ts'
import { VERSION } from './version.ts'

/** Where data goes, and where all else. */
type Streams = Pick<typeof process, 'stdout' | 'stderr'>

/** Resolves with the exit code. */
export async function main(
  args: readonly string[],
  env: Environment,
  streams: Streams = process,
): Promise<number> {
  armFromEnvironment(env)
  forgiveClosedPipes(streams)
  let exit = 0
  const surroundings = { env, streams }
  const parser = parserFor(surroundings, async (verb, given, options) => {
    exit = await runVerb(verb, given, options, surroundings)
  })
  try {
    await parser.parseAsync(wordsOf(args), { from: 'user' })
    return exit
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.exitCode === 0) return 0
    const { stdout, stderr } = streams
    const out = new Output({
      stdout,
      stderr,
      env,
      json: args.includes('--json'),
      quiet: false,
      redactor: redactorOf(env),
    })
    out.error(usageRecord(error, args, env))
    return entryOf('USAGE')?.exit ?? 2
  }
}

/** Nothing typed asks for help; `--version --json` is the verb, whose data is JSON. */
function wordsOf(args: readonly string[]): string[] {
  if (args.length === 0) return ['--help']
  const isVersion = args.length === 2 && args.includes('--version') && args.includes('--json')
  return isVersion ? ['version', '--json'] : [...args]
}

/** Whoever read the output, such as `head`, has seen enough. */
function forgiveClosedPipes({ stdout, stderr }: Streams): void {
  for (const stream of [stdout, stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
    })
  }
}

interface Surroundings {
  readonly env: Environment
  readonly streams: Streams
}

type Options = Record<string, string | boolean | string[] | undefined>
type RunVerb = (verb: Verb, args: string[], options: Options) => Promise<void>

// -- what is typed ----------------------------------------------------------------------------------

function parserFor({ env, streams }: Surroundings, run: RunVerb): Parser {
  const root = new Parser('holdfast')
  root.version(`holdfast ${VERSION}`, '--version', 'show the version')
  root.helpOption('-h, --help', 'show help')
  root.helpCommand('help [command]', 'show the help of a command')
  root.exitOverride()
  root.configureOutput({ writeOut: (text) => streams.stdout.write(text), writeErr: () => {} })
  root.showSuggestionAfterError(true)
  common(root)
  for (const verb of VERBS) addVerb(root, verb, run, env)
  root.helpInformation = () => rootHelp(VERBS, programName(env).base)
  return root
}

function addVerb(root: Parser, verb: Verb, run: RunVerb, env: Environment): void {
  const words = verb.words.split(' ')
  const parent = words.length === 1 ? root : family(root, words[0] as string, env)
  const command = parent.command(`${words.at(-1)} ${verb.args ?? ''}`.trim())
  command.summary(verb.summary).description(`${verb.summary}.${verb.about ? `\n\n${verb.about}` : ''}`)
  for (const [flags, text] of verb.options ?? []) addOption(command, flags, text)
  common(command)
  const { command: typed } = programName(env)
  const examples = verb.examples.map(([example, what]) => `  ${typed(example)}\n      ${what}`)
  command.addHelpText('after', `\nExample${examples.length === 1 ? '' : 's'}:\n${examples.join('\n')}`)
  command.action(async (...given: unknown[]) => {
    const args = given
      .slice(0, -2)
      .flat()
      .filter((arg): arg is string => typeof arg === 'string')
    await run(verb, args, command.optsWithGlobals())
  })
}

/** An option whose value ends in `...` may be given several times. */
function addOption(command: Parser, flags: string, text: string): void {
  if (!flags.includes('...')) command.option(flags, text)
  else command.option(flags.replace('...', ''), `${text}; may be repeated`, collect)
}

function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value]
}

/** The command `run` that `run show` and its like stand below. */
function family(root: Parser, name: string, env: Environment): Parser {
  const known = root.commands.find((command) => command.name() === name)
  if (known) return known
  const members = VERBS.filter(({ words }) => words.startsWith(`${name} `))
  const verbs = members.map(({ words }) => words.split(' ')[1])
  const made = root.command(name).summary(`${verbs.join(', ')}: see ${name} --help`)
  made.helpCommand(false)
  const [example, what] = members[0]?.examples[0] ?? []
  made.addHelpText('after', `\nExample:\n  ${programName(env).command(example ?? name)}\n      ${what ?? ''}`)
  return made
}

function common(parser: Parser): void {
  parser.option('--dir <dir>', 'the workspace')
  parser.option('--json', 'data as JSON')
  parser.option('-q, --quiet', 'data and errors only')
}

function usageRecord(error: CommanderError, args: readonly string[], env: Environment): ErrorRecord {
  const words = args.filter((arg) => !arg.startsWith('-'))
  const verb = VERBS.find((one) => words.join(' ').startsWith(one.words))
  const help = programName(env).command(`${verb?.words ?? ''} --help`.trim())
  if (words.includes('vault')) return vaultUsage(error, verb, help)
  const bare = error.code === 'commander.help'
  const message = bare ? 'A command is missing' : error.message.replace(/^error: /, '').replace(/\n\(/, ' (')
  return { code: 'USAGE', message, fix: `See \`${help}\`.` }
}

/** Among what is typed after `vault` may be a secret, in the place of a name or behind it: no word of it is repeated. */
function vaultUsage({ code, message }: CommanderError, verb: Verb | undefined, help: string): ErrorRecord {
  const [meant = ''] = / ?\(Did you mean [^()]*\?\)$/.exec(message.replaceAll('\n', ' ')) ?? []
  const what = verb?.words ?? 'vault'
  const says: Record<string, string> = {
    'commander.help': 'A command is missing',
    'commander.missingArgument': `${what} takes ${verb?.args ?? 'nothing'}, and less was given`,
    'commander.excessArguments': `${what} takes ${verb?.args ?? 'nothing'}, and more was given`,
    'commander.unknownOption': `${what} has no such option${meant}`,
    'commander.unknownCommand': `vault has no such command${meant}`,
  }
  const history = code === 'commander.excessArguments' ? HISTORY : ''
  return {
    code: 'USAGE',
    message: says[code] ?? `${what} can't be typed so`,
    fix: `See \`${help}\`.${history}`,
  }
}

const HISTORY =
  ' A value is asked for, or comes on standard input. If one was typed, change it: it may stand in the history of your shell.'

// -- what is done -----------------------------------------------------------------------------------

async function runVerb(
  verb: Verb,
  args: readonly string[],
  options: Options,
  { env, streams: { stdout, stderr } }: Surroundings,
): Promise<number> {
  const [json, quiet] = [options.json === true, options.quiet === true]
  const redactor = redactorOf(env)
  const out = new Output({ stdout, stderr, env, json, quiet, redactor })
  const flag = typeof options.dir === 'string' ? options.dir : undefined
  const name = programName(env, flag)
  const stop = stopSignals({ own: verb.ownSignals === true })
  out.onClosed(() => stop.abort(0))
  try {
    const run = await verb.load()
    const call = callFor(args, options, env, out, redactor, stop.signal, name)
    const exit = (await run(call)) ?? 0
    return stop.exit() ?? exit
  } catch (error) {
    const stopped = stop.exit()
    if (stopped !== null) return stopped
    return fail(error, out, name)
  } finally {
    stop.release()
  }
}

function redactorOf(env: Environment): Redactor {
  const redactor = createRedactor()
  learnVariables(redactor, env)
  return redactor
}

/** Says what went wrong. Resolves with the exit code. */
function fail(error: unknown, out: Output, { command }: ProgramName): number {
  const known = asFileTrouble(error)
  const expected = isHoldfastError(known)
  const record = expected ? toErrorRecord(known) : { ...toErrorRecord(error), code: 'UNEXPECTED' }
  const entry = entryOf(record.code)
  const fix = asTyped(record.fix ?? entry?.fix ?? '', command)
  out.error({ ...record, fix }, expected || !(error instanceof Error) ? '' : error.stack)
  return entry?.exit ?? 1
}

function callFor(
  args: readonly string[],
  options: Options,
  env: Environment,
  out: Output,
  redactor: Redactor,
  signal: AbortSignal,
  { command, dirSetting }: ProgramName,
): Call {
  return {
    args,
    options,
    out,
    env,
    redactor,
    dir: resolve(dirSetting.value),
    dirSetting,
    attended: isAttended(env),
    command,
    io: {
      progress: (line) => out.progress(line),
      note: (line) => out.note(asTyped(line, command)),
      emit: (row) => out.row(row),
      signal,
    },
  }
}

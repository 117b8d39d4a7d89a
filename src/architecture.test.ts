/**
 * The taste of the code base as a test: which folder may import which, what is banned where, and what to
 * use instead. A rule is an entry of a table; to see it work, break it.
 */
import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { test } from 'node:test'
import { ROOT } from '../scripts/command.ts'

/** The middle row: these meet through events and ports, not through imports. */
const MIDDLE = [
  'templates',
  'connectors',
  'adapters',
  'runtime',
  'policy',
  'autonomy',
  'memory',
  'models',
  'customers',
  'flags',
  'observe',
  'mail',
]

/** Folder → the folders it may import besides itself. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  kernel: [],
  ports: ['kernel'],
  ...Object.fromEntries(MIDDLE.map((folder) => [folder, ['ports', 'kernel']])),
  apps: ['sdk.ts', ...MIDDLE, 'ports', 'kernel'],
  'sdk.ts': ['apps', ...MIDDLE, 'ports', 'kernel'],
}

/** What goes against the arrow all the same, and why. */
const EXCEPTIONS: readonly { from: RegExp; to: RegExp; why: string }[] = [
  {
    from: /^(templates|customers|connectors)\//,
    to: /^mail\/message\.ts$/,
    why: 'the shape of a mail is shared, not its handling',
  },
  {
    from: /^connectors\/(maildir|smtp)\//,
    to: /^mail\/(compose|outgoing|raw)\.ts$/,
    why: 'a mail connector carries what is composed there and adds nothing to it',
  },
]

interface Ban {
  readonly what: string
  readonly pattern: RegExp
  /** Paths from the root that the ban holds for. */
  readonly where: RegExp
  /** Paths that may. */
  readonly except?: RegExp | ((path: string) => boolean)
  /** Bans of words hold for comments and documents as well. */
  readonly inComments?: true
  readonly instead: string
}

const CODE = /^(src|scripts|bin|bench|e2e|examples|sim)\/.*\.(ts|cjs)$|^bin\/holdfast$/
const TEXT = /\.(ts|cjs|md)$/
const SOURCE = /^src\/.*\.ts$/
const TESTS = /\.test\.ts$|\.contract\.ts$|\/testing\//
const EDGE = /\.test\.ts$|\.contract\.ts$|\/testing\/|^src\/(adapters\/system|apps)\//

/** Where the network or another process may be reached besides connectors, and why. */
const REACHES_OUT: readonly { path: string; why: string }[] = [
  { path: 'src/adapters/ai-sdk/model.ts', why: 'the adapter of the model port: called by the gate alone' },
  {
    path: 'src/adapters/vault/master-keys.ts',
    why: 'asks the operator’s own command, or the keyring, for the master key',
  },
  { path: 'src/apps/server/socket.ts', why: 'serves commands on a socket of this machine' },
  { path: 'src/apps/server/command-server.ts', why: 'serves commands on a socket of this machine' },
  {
    path: 'src/apps/webhooks/webhook-server.ts',
    why: 'takes deliveries of others on the one port that the operator has named',
  },
  { path: 'src/apps/cli/client.ts', why: 'asks the process that serves, over that socket' },
  { path: 'src/apps/cli/editor.ts', why: 'opens the operator’s own editor' },
  {
    path: 'src/apps/commands/smtp-greeting.ts',
    why: 'doctor asks the mail server that is configured whether it is there',
  },
  {
    path: 'src/apps/commands/connector-check.ts',
    why: 'points a connector at closed ports, to see how it fails',
  },
]

function reachesOut(path: string): boolean {
  return /^src\/connectors\//.test(path) || TESTS.test(path) || REACHES_OUT.some((one) => one.path === path)
}

const BANS: readonly Ban[] = [
  // time, chance and surroundings are injected
  {
    what: 'the clock of the machine',
    pattern: /\bDate\.now\b|\bnew Date\(\s*\)|\bperformance\.now\b/,
    where: SOURCE,
    except: EDGE,
    instead: '`clock.now()` of ports/clock.ts, or `ctx.now()` in a workflow',
  },
  {
    what: 'a timer of the machine',
    pattern: /\bset(Timeout|Interval)\b|node:timers/,
    where: SOURCE,
    except: EDGE,
    instead: '`clock.wakeAt()` of ports/clock.ts, or `ctx.sleep()` in a workflow',
  },
  {
    what: 'randomness',
    pattern: /\bMath\.random\b|\brandomUUID(v7)?\b/,
    where: SOURCE,
    except: /\.test\.ts$|\.contract\.ts$|\/testing\/|^src\/(adapters|apps)\//,
    instead: 'an injected source, or `ctx.random()` and `ctx.uuid()` in a workflow',
  },
  {
    what: 'the environment',
    pattern: /\bprocess\.env\b/,
    where: SOURCE,
    except: EDGE,
    instead: 'a setting that apps/config reads and hands over',
  },
  {
    what: 'the console',
    pattern: /\bconsole\.\w/,
    where: SOURCE,
    except: EDGE,
    instead: 'an event, a returned value or a thrown HoldfastError; apps/cli prints',
  },
  // the outside is reached in few places, past the policy
  {
    what: 'the network or another process',
    pattern:
      /(?<![.\w$'"`])fetch\b(?!\s*:|['"`])|\b(globalThis|global)\b\s*(\[|\??\.\s*(fetch|WebSocket|EventSource|process)\b)|(?<![\w$'"`])(WebSocket|EventSource|XMLHttpRequest)\b|['"`](node:)?(net|https?|http2|tls|dgram|dns|quic|child_process|worker_threads|cluster|inspector|repl|vm|wasi)(\/\w+)?['"`]|['"`](undici|axios|got|ws|nodemailer|nodemailer\/lib\/smtp[\w-]*)['"`]|\bprocess\s*\[|\bprocess\??\.(binding|_linkedBinding|dlopen|execve|getBuiltinModule|mainModule)\b|\bcreateRequire\b|\beval\b|\bFunction\(/,
    where: SOURCE,
    except: reachesOut,
    instead: 'a connector (for effects), or an adapter of a port that is named in REACHES_OUT with a reason',
  },
  {
    what: 'the functions behind a connector',
    pattern: /\boperationOf\b/,
    where: CODE,
    except: /^src\/policy\/gate\.ts$|^src\/ports\/connector(\.contract)?\.ts$/,
    instead: '`ctx.act`, which goes through policy/gate.ts',
  },
  {
    what: 'Node in the kernel',
    pattern: /['"]node:|\b(process|globalThis|crypto|Buffer)\./,
    where: /^src\/kernel\/.*\.ts$/,
    except: TESTS,
    instead: 'a value handed in: the kernel only decides and folds',
  },
  {
    what: 'the helpers of tests',
    pattern: /['"][^'"]*\/testing\//,
    where: SOURCE,
    except: TESTS,
    instead: 'code of its own; what lies in a folder `testing` is for tests',
  },
  // the language
  {
    what: 'an enum or a namespace',
    pattern: /^\s*(export )?(declare )?(const )?(enum|namespace) \w/m,
    where: CODE,
    instead: 'a union of string literals; a file',
  },
  { what: 'a default export', pattern: /^export default\b/m, where: CODE, instead: 'a named export' },
  {
    what: 'a test that is switched off, or that switches off the others',
    pattern: /\b(test|it|describe|suite|t)\.(only|skip|todo)\(/,
    where: CODE,
    instead: 'all tests, every time',
  },
  // words
  {
    what: 'a note to do it later',
    pattern: /\b(TO[D]O|FIX[M]E|X[X]X)\b/,
    where: TEXT,
    inComments: true,
    instead: 'doing it',
  },
  {
    what: 'a path of one machine',
    pattern: /['"`\s(](\/work\/|\/root\/)/,
    where: TEXT,
    inComments: true,
    instead: '`import.meta.dirname`, or mkdtempSync(join(tmpdir(), …))',
  },
  {
    what: 'the number of an issue',
    pattern: /\bissues? #?\d+\b|\(#\d+\)/i,
    where: TEXT,
    inComments: true,
    instead: 'the reason itself, or a numbered decision of docs/decisions',
  },
]

/** Files longer than 400 lines, and why they may be. Tests may be. */
const LONG: Readonly<Record<string, string>> = {
  'src/kernel/error-table.ts': 'a table',
}

interface Import {
  readonly from: string
  readonly to: string
}

const files = globSync(
  ['{src,scripts,bench,e2e,examples,sim}/**/*.ts', 'bin/*', '*.md', '{src,docs}/**/*.md'],
  {
    exclude: ['**/node_modules'],
    cwd: ROOT,
  },
).map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }))

const self = 'src/architecture.test.ts'

for (const { what, pattern, where, except, inComments, instead } of BANS) {
  test(`no ${what}: use ${instead}`, () => {
    const found = files
      .filter(({ path }) => where.test(path) && !isExcept(path, except) && path !== self)
      .flatMap(({ path, text }) => linesThatMatch(path, inComments ? text : withoutComments(text), pattern))
    assert.deepEqual(found, [], `no ${what}: use ${instead}`)
  })
}

test('imports go one way: apps → the middle row → ports → kernel', () => {
  const wrong = files
    .filter(({ path }) => SOURCE.test(path) && !path.endsWith('.test.ts'))
    .flatMap(({ path, text }) => importsOf(path, text))
    .filter(({ from, to }) => !isAllowed(from, to))
    .map(({ from, to }) => `${from} imports ${to}`)
  assert.deepEqual(wrong, [], 'meet through an event or a port, or wire it in apps/')
})

/** However it is spelt, and what is no such thing. */
const SPELT = {
  outside: [
    'const get = fetch',
    'retry(fetch)',
    'return [fetch, 1]',
    'fetch?.(url)',
    'fetch.call(null, url)',
    'globalThis.fetch(url)',
    "globalThis['fet' + 'ch'](url)",
    'const Socket = WebSocket',
    'new EventSource(url)',
    "import { connect } from 'node:net'",
    "import 'https'",
    'await import(`node:http2`)',
    "import dns from 'node:dns/promises'",
    "await import('undici')",
    "process['binding']('tcp_wrap')",
    "process.getBuiltinModule('net')",
    'process.execve(path)',
    'const load = createRequire(import.meta.url)',
    '(0, eval)(text)',
    'Function(text)()',
  ],
  inside: [
    "operation: 'web.fetch'",
    'createAdaptorServer({ fetch: app.fetch })',
    "import { join } from 'node:path'",
    'const isFunction = (value: Function): boolean => true',
    'prefetch(rows)',
    "'eventsource'",
  ],
}

test('what reaches out is known however it is spelt', () => {
  const pattern = BANS.find(({ what }) => what === 'the network or another process')?.pattern
  assert.deepEqual(
    SPELT.outside.filter((line) => !pattern?.test(line)),
    [],
  )
  assert.deepEqual(
    SPELT.inside.filter((line) => pattern?.test(line)),
    [],
  )
})

/** Packages that reach nobody by themselves, and modules of Node that give no way to the network or another process. */
const REACHES_NOBODY = new Set([
  ...['zod', 'yaml', 'picocolors', 'commander', 'croner', 'franc', 'hono', 'html-to-text', 'htmlparser2'],
  ...['libphonenumber-js', 'liquidjs', 'mailparser', 'tlds', 'validator', '@clack/prompts'],
  ...['@openfeature/core', '@openfeature/server-sdk', '@secretlint/secretlint-rule-preset-recommend'],
  // Of nodemailer, what puts a mail together.
  'nodemailer/lib/mail-composer',
  ...['async_hooks', 'buffer', 'crypto', 'events', 'fs', 'module', 'os', 'path', 'perf_hooks', 'process'],
  ...['readline', 'sqlite', 'stream', 'timers', 'tty', 'url', 'util', 'v8'],
])

test('what is imported reaches nobody, but where it may', () => {
  const wrong = files
    .filter(({ path }) => SOURCE.test(path) && !reachesOut(path) && path !== self)
    .flatMap(({ path, text }) =>
      packagesOf(withoutComments(text))
        .filter((name) => !REACHES_NOBODY.has(name) && !REACHES_NOBODY.has(packageOf(name)))
        .map((name) => `${path} imports ${name}`),
    )
  assert.deepEqual(
    wrong,
    [],
    'see whether it reaches out: name it in REACHES_NOBODY, or the file in REACHES_OUT',
  )
})

test('what may reach out is there, and does', () => {
  const ban = BANS.find(({ what }) => what === 'the network or another process')
  const idle = REACHES_OUT.filter(({ path }) => {
    const file = files.find((one) => one.path === path)
    return file === undefined || !ban?.pattern.test(withoutComments(file.text))
  })
  assert.deepEqual(idle, [], 'take it off the list')
})

test('every folder of src is in the arrow', () => {
  const folders = new Set(files.map(({ path }) => /^src\/([^/]+)/.exec(path)?.[1] ?? 'kernel'))
  const unknown = [...folders].filter((name) => !/\.test\.ts$/.test(name) && !(name in MAY_IMPORT))
  assert.deepEqual(unknown, [], 'add it to MAY_IMPORT')
})

test('every folder of src opens with a README of at most a screen', () => {
  const wrong = globSync('src/*/', { cwd: ROOT }).flatMap((folder) => {
    const page = join(ROOT, folder, 'README.md')
    if (!existsSync(page)) return [`${folder}: no README.md`]
    const lines = lineCount(readFileSync(page, 'utf8'))
    return lines > 40 ? [`${folder}: ${lines} lines, at most 40`] : []
  })
  assert.deepEqual(wrong, [], 'say purpose, invariants and the file to begin with')
})

test('a file holds one idea: at most 400 lines', () => {
  const long = files.filter(({ path, text }) => CODE.test(path) && !TESTS.test(path) && lineCount(text) > 400)
  assert.deepEqual(
    long.map(({ path }) => path).filter((path) => !(path in LONG)),
    [],
    'ask which second idea has moved in',
  )
})

test('files are kebab-case nouns, without barrels', () => {
  const wrong = files
    .map(({ path }) => path)
    .filter((path) => CODE.test(path))
    .filter((path) => /(^|\/)index\.ts$/.test(path) || !/^[a-z0-9./-]+$/.test(path))
  assert.deepEqual(wrong, [], 'name the file after its idea, and import it directly')
})

function isExcept(path: string, except: Ban['except']): boolean {
  return typeof except === 'function' ? except(path) : (except?.test(path) ?? false)
}

function isAllowed(from: string, to: string): boolean {
  const [here = '', there = ''] = [from, to].map((path) => path.split('/')[0] ?? '')
  if (here === there || MAY_IMPORT[here]?.includes(there)) return true
  return EXCEPTIONS.some((exception) => exception.from.test(from) && exception.to.test(to))
}

/** The relative imports of a file, both ends as paths from src. */
function importsOf(path: string, text: string): Import[] {
  const targets = text.matchAll(/(?:\bfrom|\bimport\(?)\s*['"](\.[^'"]+)['"]/g)
  return [...targets].map((match) => ({
    from: relative('src', path),
    to: relative('src', join(dirname(path), match[1] ?? '')),
  }))
}

/** What a file imports that is not of this repository, as it names it, without `node:`. */
function packagesOf(text: string): string[] {
  const named = text.matchAll(
    /^(?:import|export)\b(?! type\b)[\w\s{},*$]*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/gm,
  )
  return [...named]
    .map((match) => match[1] ?? match[2] ?? '')
    .filter((name) => !name.startsWith('.'))
    .map((name) => name.replace(/^node:/, ''))
}

/** Of `@scope/name/lib/file`, `@scope/name`. */
function packageOf(name: string): string {
  return /^(@[^/]+\/)?[^/]+/.exec(name)?.[0] ?? name
}

/** With blanks in place of comments, so that the numbers of lines stay. */
function withoutComments(text: string): string {
  const blank = (comment: string) => comment.replace(/[^\n]/g, ' ')
  return text.replace(/\/\*[\s\S]*?\*\//g, blank).replace(/(?<=^|\s)\/\/.*$/gm, blank)
}

function linesThatMatch(path: string, text: string, pattern: RegExp): string[] {
  return text
    .split('\n')
    .flatMap((line, i) => (pattern.test(line) ? [`${path}:${i + 1} ${line.trim()}`] : []))
}

function lineCount(text: string): number {
  return text.trimEnd().split('\n').length
}

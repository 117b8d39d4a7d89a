/**
 * What every connector must hold to, as a suite that anyone can run over theirs, in a test or from the
 * command line. It performs for real: several times, with keys of its own, so point the connector at a
 * test account. Each row names one promise and what was seen.
 */
import { isHoldfastError } from '../kernel/errors.ts'
import { validate } from '../kernel/schema.ts'
import { type Connector, type DeclaredManifest, type Operation, operationOf } from './connector.ts'
import {
  ask,
  checked,
  codeOf,
  contextFor,
  failure,
  fieldsOf,
  junkFor,
  must,
  newKey,
  notYes,
  perform,
  textOf,
  within,
  withSecrets,
} from './connector-calls.contract.ts'

export interface OperationSample {
  /** An input that can be carried out. */
  readonly input: unknown
  /** How many effects of this operation there are in the outside now, such as the mails in a mailbox. */
  readonly seen?: () => Promise<number>
}

export interface ConnectorCheck {
  readonly connector: Connector
  /** One for each operation, by its name. */
  readonly samples: Readonly<Record<string, OperationSample>>
  /** The same connector pointing nowhere: a closed port, a folder that can't be written. */
  readonly broken?: Connector
  /** The same connector pointing at something that takes the request and never answers. */
  readonly hanging?: Connector
  /** Longest time of one call in milliseconds, default 10,000. */
  readonly limitMs?: number
  /** What stands for the secrets that the operations ask for, by name. */
  readonly secrets?: Readonly<Record<string, string>>
}

export interface ContractRow {
  /** `mail.send: a lookup after it says yes`. */
  readonly check: string
  readonly ok: boolean
  readonly detail: string
}

export interface ContractReport {
  readonly connector: string
  /** True when every row is. */
  readonly ok: boolean
  readonly rows: readonly ContractRow[]
  /** What could not be looked at, and what to give for it. */
  readonly unchecked: readonly string[]
}

interface Subject {
  readonly title: string
  readonly operation: Operation
  readonly manifest: DeclaredManifest
  readonly sample: OperationSample
  readonly broken: Operation | undefined
  readonly hanging: Operation | undefined
  readonly limitMs: number
}

/** After this long a hanging call is called off. */
const PATIENCE_MS = 200

export async function checkConnector(options: ConnectorCheck): Promise<ContractReport> {
  const { connector, samples, broken, hanging, limitMs = 10_000, secrets = {} } = options
  const rows: ContractRow[] = []
  const unchecked: string[] = []
  for (const [name, { manifest }] of Object.entries(connector.operations)) {
    const title = `${connector.name}.${name}`
    const operation = withSecrets(operationOf(connector, name), manifest, secrets)
    const sample = samples[name]
    if (operation === undefined || sample === undefined) {
      rows.push({ check: `${title}: has a sample`, ok: false, detail: 'give one in `samples`' })
      continue
    }
    const subject: Subject = {
      title,
      operation,
      manifest,
      sample,
      broken: broken && withSecrets(operationOf(broken, name), manifest, secrets),
      hanging: hanging && withSecrets(operationOf(hanging, name), manifest, secrets),
      limitMs,
    }
    for (const group of [manifestRows, inputRows, effectRows, undoRows, failureRows]) {
      for await (const row of group(subject)) rows.push({ ...row, check: `${title}: ${row.check}` })
    }
    if (sample.seen === undefined) unchecked.push(`${title}: how often it was done (give \`seen\`)`)
    if (subject.broken === undefined) unchecked.push(`${title}: errors of the outside (give \`broken\`)`)
    if (subject.hanging === undefined) unchecked.push(`${title}: silence of the outside (give \`hanging\`)`)
  }
  return { connector: connector.name, ok: rows.every((row) => row.ok), rows, unchecked }
}

type Rows = AsyncGenerator<ContractRow>

async function* manifestRows({ operation, manifest, sample }: Subject): Rows {
  const { effect, idempotency, criticalArguments, hosts, timeoutMs } = manifest
  const leaves = effect === 'external' || effect === 'irreversible'
  yield row('its manifest says what it does', () => {
    must(manifest.title.trim() !== '', 'no title')
    must(operation.manifest.effect !== undefined, 'no effect class, so that it counts as irreversible')
    must(
      effect !== 'read' || operation.manifest.dataClass !== undefined,
      'reads, but does not say what kind of data',
    )
    must(timeoutMs > 0 && timeoutMs <= 600_000, `a time limit of ${timeoutMs} ms`)
    const odd = hosts.find((host) => !/^[\w.:*-]+$/.test(host) || host.includes('://'))
    must(odd === undefined, `${odd} is no host name`)
    return `${manifest.title} (${effect}, ${idempotency})`
  })
  yield row('its critical arguments are fields of its input', () => {
    const named = criticalArguments.filter((name) => name !== '*')
    const missing = named.filter((name) => !Object.hasOwn(fieldsOf(sample.input), name))
    must(missing.length === 0, `the sample has no ${missing.join(', ')}`)
    must(
      !leaves || (operation.manifest.criticalArguments ?? []).length > 0,
      `${effect}, but names no field that decides whom it touches`,
    )
    return criticalArguments.join(', ') || 'none'
  })
  yield row('it offers what it claims', () => {
    must(effect !== 'read' || operation.undo === undefined, 'reads, but has an undo')
    return (
      [operation.lookup && 'lookup', operation.undo && 'undo'].filter(Boolean).join(', ') || 'perform only'
    )
  })
}

/** Critical arguments by their names. */
function namedArguments({ criticalArguments }: DeclaredManifest, input: unknown): readonly string[] {
  return criticalArguments.includes('*') ? Object.keys(fieldsOf(input)) : criticalArguments
}

async function* inputRows({ operation, manifest, sample }: Subject): Rows {
  yield row('its input schema takes the sample', async () => {
    await validate(operation.input, sample.input, 'the sample')
    return 'taken'
  })
  yield row('its input schema refuses junk', async () => {
    const junk = junkFor(sample.input, namedArguments(manifest, sample.input))
    for (const [what, value] of junk) {
      const result = await operation.input['~standard'].validate(value)
      must(result.issues !== undefined, `takes ${what}`)
    }
    return `refused ${junk.length} of ${junk.length}`
  })
}

async function* effectRows({ operation, manifest, sample, limitMs }: Subject): Rows {
  const key = newKey()
  const lookup = (of: string) => ask(operation, sample.input, of, limitMs)
  const before = await sample.seen?.()
  let output: unknown
  if (operation.lookup) {
    yield row('a lookup before it does not say yes', async () => notYes(await lookup(key)))
  }
  yield row('it gives an output that fits its schema', async () => {
    output = await perform(operation, sample.input, key, limitMs)
    return textOf(output)
  })
  yield* countRows(sample, before, manifest.effect === 'read' ? 0 : 1, 'it is done once')
  if (operation.lookup && manifest.effect !== 'read') {
    yield row('a lookup after it says yes, with the same output', async () => {
      const found = await lookup(key)
      must(found.found === 'yes', `says ${found.found}`)
      const known = await checked(operation, found.output)
      must(textOf(known) === textOf(output), `${textOf(known)}, not ${textOf(output)}`)
      return textOf(known)
    })
    yield row('a lookup of an unknown key does not say yes', async () => notYes(await lookup(newKey())))
  }
  if (manifest.idempotency === 'none') return
  yield row('it can be repeated with the same key', async () =>
    textOf(await perform(operation, sample.input, key, limitMs)),
  )
  yield* countRows(
    sample,
    before,
    manifest.effect === 'read' ? 0 : 1,
    'repeated with the same key it is done once',
  )
  if (manifest.idempotency !== 'key') return
  yield row('with another key it can be done again', async () =>
    textOf(await perform(operation, sample.input, newKey(), limitMs)),
  )
  yield* countRows(sample, before, 2, 'with another key it is done again')
}

async function* undoRows({ operation, sample, broken, limitMs }: Subject): Rows {
  const { undo } = operation
  if (undo === undefined) return
  const key = newKey()
  const before = await sample.seen?.()
  yield row('it can be undone, and undone again', async () => {
    const input = await validate(operation.input, sample.input, 'the sample')
    const output = await perform(operation, sample.input, key, limitMs)
    const own = newKey()
    await within(limitMs, undo(input, output, contextFor(own)))
    await within(limitMs, undo(input, output, contextFor(own, undefined, 2)))
    return 'undone'
  })
  yield* countRows(sample, before, 0, 'undone, nothing of it is left')
  if (operation.lookup) {
    yield row('undone, a lookup does not say yes', async () =>
      notYes(await ask(operation, sample.input, key, limitMs)),
    )
  }
  if (broken?.undo === undefined) return
  yield row('pointing nowhere, its undo ends with a connector error', async () => {
    const input = await validate(operation.input, sample.input, 'the sample')
    const output = await perform(operation, sample.input, key, limitMs)
    const ended = within(limitMs, broken.undo?.(input, output, contextFor(newKey())) ?? Promise.resolve())
    const code = await ended.then(() => 'nothing', codeOf)
    must(code !== 'nothing', 'it says that it is undone')
    await within(limitMs, undo(input, output, contextFor(key)))
    return code
  })
}

async function* failureRows({ operation, manifest, sample, broken, hanging, limitMs }: Subject): Rows {
  const before = await sample.seen?.()
  const key = newKey()
  yield row(
    'called off before it began, it ends with a connector error and does what that says',
    async () => {
      const code = await failure(operation, sample.input, key, limitMs, AbortSignal.abort())
      if (code === 'CONNECTOR_OUTCOME_UNKNOWN' || !operation.lookup || manifest.effect === 'read') return code
      notYes(await ask(operation, sample.input, key, limitMs))
      return code
    },
  )
  yield* countRows(sample, before, 0, 'called off before it began, nothing is done')
  if (broken) {
    yield row('pointing nowhere, it ends with a connector error', () =>
      failure(broken, sample.input, newKey(), limitMs),
    )
    if (broken.lookup) {
      yield row('pointing nowhere, a lookup does not say yes', async () => {
        const found = await ask(broken, sample.input, newKey(), limitMs).catch((error) => codeOf(error))
        return typeof found === 'string' ? found : notYes(found)
      })
    }
  }
  if (hanging) {
    yield row('called off while the outside is silent, it ends with a connector error', () =>
      failure(hanging, sample.input, newKey(), limitMs, AbortSignal.timeout(PATIENCE_MS)),
    )
  }
}

/** A row on the number of effects since `before`; none when they can't be counted. */
async function* countRows(
  { seen }: OperationSample,
  before: number | undefined,
  expected: number,
  check: string,
): Rows {
  if (seen === undefined || before === undefined) return
  yield row(check, async () => {
    const done = (await seen()) - before
    must(done === expected, `done ${done} times`)
    return `done ${done} times`
  })
}

async function row(check: string, run: () => string | Promise<string>): Promise<ContractRow> {
  try {
    return { check, ok: true, detail: await run() }
  } catch (error) {
    const detail = isHoldfastError(error) ? `${error.code}: ${error.message}` : String(error)
    return { check, ok: false, detail }
  }
}

/**
 * Runs the kernel's tests for Stryker within its own process: loaded once, with the mutants switched on one after
 * the other, and for each one only the tests that come by it. So a mutant takes milliseconds, not the start of a
 * process. Fit for tests that are plain calls of `test`, in groups or not, with nothing left over between them, as the
 * kernel's are.
 */
import { glob } from 'node:fs/promises'
import { registerHooks } from 'node:module'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import fc from 'fast-check'

/** The part of Stryker's instrumentation that is used; https://stryker-mutator.io/docs/stryker-js/plugins. */
interface Instrumentation {
  activeMutant?: string | undefined
  currentTestId?: string | undefined
  hitCount?: number | undefined
  hitLimit?: number | undefined
  mutantCoverage?: unknown
}

interface MutantRun {
  readonly activeMutant: { readonly id: string }
  readonly mutantActivation: 'static' | 'runtime'
  /** Ids of tests; all when it is not given. */
  readonly testFilter?: readonly string[]
  readonly hitLimit?: number
}

const instrumentation: Instrumentation = {}
const tests = new Map<string, () => unknown>()
const milliseconds = new Map<string, number>()

const globals = globalThis as {
  __stryker__?: Instrumentation
  collectTest?: (name: string, run: () => unknown) => void
}
globals.__stryker__ = instrumentation
globals.collectTest = (name, run) => {
  tests.set(`${tests.size + 1}: ${name}`, run)
}

const COLLECTING =
  'data:text/javascript,export const test = globalThis.collectTest; export const describe = (name, body) => body()'

registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'node:test' ? { url: COLLECTING, shortCircuit: true } : next(specifier, context),
})

async function loadTests(): Promise<void> {
  if (tests.size > 0) return
  fc.configureGlobal({ endOnFailure: true })
  for await (const file of glob('src/kernel/*.test.ts')) await import(pathToFileURL(resolve(file)).href)
}

/** What went wrong, or null. */
async function failureOf(id: string): Promise<string | null> {
  instrumentation.currentTestId = id
  const begun = performance.now()
  try {
    await tests.get(id)?.()
    return null
  } catch (error) {
    return String(error)
  } finally {
    instrumentation.currentTestId = undefined
    if (!milliseconds.has(id)) milliseconds.set(id, performance.now() - begun)
  }
}

async function dryRun(): Promise<unknown> {
  await loadTests()
  const results = []
  for (const id of tests.keys()) {
    const failureMessage = await failureOf(id)
    const timeSpentMs = milliseconds.get(id)
    results.push({ id, name: id, timeSpentMs, status: failureMessage === null ? 0 : 1, failureMessage })
  }
  return { status: 'complete', tests: results, mutantCoverage: instrumentation.mutantCoverage }
}

/** The quick tests first; the first that fails is enough. */
async function mutantRun(options: MutantRun): Promise<unknown> {
  const { activeMutant, mutantActivation, hitLimit } = options
  if (mutantActivation === 'static') instrumentation.activeMutant = activeMutant.id
  try {
    await loadTests()
  } catch (error) {
    return { status: 'killed', killedBy: [], failureMessage: String(error), nrOfTests: 0 }
  }
  instrumentation.activeMutant = activeMutant.id
  instrumentation.hitCount = hitLimit === undefined ? undefined : 0
  instrumentation.hitLimit = hitLimit
  const time = (id: string): number => milliseconds.get(id) ?? 0
  const ids = [...(options.testFilter ?? tests.keys())].sort((a, b) => time(a) - time(b))
  for (const [done, id] of ids.entries()) {
    const failureMessage = await failureOf(id)
    const isEndless = (instrumentation.hitCount ?? 0) > (hitLimit ?? Number.POSITIVE_INFINITY)
    if (isEndless) return { status: 'timeout', reason: 'It goes on without end' }
    if (failureMessage !== null) {
      return { status: 'killed', killedBy: [id], failureMessage, nrOfTests: done + 1 }
    }
  }
  return { status: 'survived', nrOfTests: ids.length }
}

class KernelTestRunner {
  capabilities(): { readonly reloadEnvironment: boolean } {
    return { reloadEnvironment: false }
  }
  dryRun = dryRun
  mutantRun = mutantRun
}

export const strykerPlugins = [{ kind: 'TestRunner', name: 'kernel', injectableClass: KernelTestRunner }]

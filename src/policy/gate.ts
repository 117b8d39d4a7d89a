/**
 * The gate: the only holder of the connectors' functions and the models, and the only maker of permits.
 * A permit is an empty frozen object known to this module by identity, bound to one operation and the
 * exact input that was decided on, and good for one attempt; a forged one is refused.
 *
 * Why: docs/decisions/0007-the-gate-and-its-permits.md
 */
import { hash } from 'node:crypto'
import { BREAKER } from '../kernel/breaker.ts'
import { type ErrorRecord, HoldfastError, isHoldfastError, toErrorRecord } from '../kernel/errors.ts'
import { canonicalJson, type Json, type JsonObject, toJson } from '../kernel/json.ts'
import { type Hold, modelTakes } from '../kernel/reservation.ts'
import { validate } from '../kernel/schema.ts'
import {
  type Connector,
  type DeclaredManifest,
  type Operation,
  type OperationContext,
  operationOf,
  type PerformContext,
} from '../ports/connector.ts'
import type { Gate, Permit } from '../ports/gate.ts'
import type { ModelQuestion, ModelUsage } from '../ports/model.ts'
import { handleOf } from '../ports/vault.ts'
import { Deciding, type DecidingOptions } from './deciding.ts'
import { handleIn } from './guardrails/vault-secret.ts'
import { outside } from './outside.ts'
import type { Secrets } from './secrets.ts'

export interface GateOptions extends Omit<DecidingOptions, 'manifestOf'> {
  readonly connectors: readonly Connector[]
  /** Default none: no operation gets a secret. */
  readonly secrets?: Pick<Secrets, 'reveal' | 'redact'>
}

interface Issued {
  readonly inputHash: string
  readonly reserved: Reserved | null
  used: boolean
}

interface Reserved {
  readonly run: string
  readonly name: string
  readonly holds: readonly Hold[]
}

/** @throws INPUT_INVALID when two connectors have the same name */
export function createGate(options: GateOptions): Gate {
  const { connectors, models, secrets, stopped = () => null } = options
  const redact = <Value extends Json>(value: Value): Value => secrets?.redact(value) ?? value
  const issued = new WeakMap<Permit, Issued>()
  const manifests = manifestsOf(connectors)
  const vaultSecretIn = (text: string): string | null => handleIn(text, redact(text))
  const known = { vaultSecretIn, ...options.known }
  const deciding = new Deciding({ ...options, manifestOf, known })

  function issue(operation: string, inputHash: string, reserved: Reserved | null = null): Permit {
    const permit = Object.freeze({ operation })
    issued.set(permit, { inputHash, reserved, used: false })
    return permit
  }

  /** What a model call came to counts from now on, though it is not on record yet. */
  function countOverrun(permit: Permit, usage: ModelUsage): void {
    const { run, name, holds } = issued.get(permit)?.reserved ?? {}
    if (run === undefined || name === undefined) return
    const over = (holds ?? []).map((hold) => ({ ...hold, amount: modelTakes(hold, usage) - hold.amount }))
    deciding.reservations.overrun(
      run,
      name,
      over.filter(({ amount }) => amount > 0),
    )
  }

  function redeem(permit: Permit, inputHash: string, use: boolean): void {
    const found = issued.get(permit)
    if (found === undefined || found.inputHash !== inputHash || found.used) {
      throw new HoldfastError('PERMIT_INVALID', `No valid permit for ${permit?.operation} with this input`, {
        details: { operation: permit?.operation },
      })
    }
    if (use) found.used = true
  }

  /** The last thing before the outside: a permit that was given earlier is worth nothing while work is stopped. */
  function assertGoesOn({ operation }: Permit): void {
    const why = stopped()
    if (why === null) return
    throw new HoldfastError('WORK_STOPPED', `${operation} was not done: ${why}`, { details: { operation } })
  }

  function manifestOf(operation: string): DeclaredManifest {
    const manifest = manifests.get(operation)
    if (manifest !== undefined) return manifest
    const known = [...manifests.keys()]
    throw new HoldfastError(
      'OPERATION_UNKNOWN',
      `There is no operation ${operation}; known: ${known.join(', ')}`,
      {
        details: { operation, known },
      },
    )
  }

  function functionsOf(permit: Permit): Operation {
    const [name = '', operation = ''] = splitName(permit.operation)
    const connector = connectors.find((one) => one.name === name)
    const functions = connector && operationOf(connector, operation)
    if (functions !== undefined) return functions
    throw new HoldfastError('OPERATION_UNKNOWN', `There is no operation ${permit.operation}`)
  }

  function contextFor({ operation }: Permit, context: PerformContext): OperationContext {
    return {
      ...context,
      // What is no price is not said: what was reserved stands.
      cost: (priceMicros) => (priceMicros >= 0 ? context.cost?.(priceMicros) : undefined),
      async secret(name) {
        if (secrets === undefined || !manifestOf(operation).secrets.includes(name)) {
          throw undeclared(operation, name)
        }
        return await secrets.reveal(name, operation).catch((error: unknown) => {
          throw notRevealed(operation, name, error)
        })
      },
    }
  }

  /** What a server echoes may hold what it was sent. */
  function redacted(error: unknown): never {
    if (!isHoldfastError(error)) throw error
    const record = toErrorRecord(error) as unknown as JsonObject
    const clean = redact(record) as unknown as ErrorRecord
    if ((clean as unknown) === record) throw error
    const { message, details, fix } = clean
    throw new HoldfastError(error.code, message, { ...(details && { details }), ...(fix && { fix }) })
  }

  return {
    manifestOf,
    judge: (policy) => deciding.judge(policy),
    policy: options.settings,
    stopped,

    async checkInput(operation, input) {
      manifestOf(operation)
      const { input: schema } = functionsOf({ operation })
      await validate(schema, input, `Input of ${operation}`).catch(redacted)
    },

    breakerOf(connector) {
      return connectors.find(({ name }) => name === connector)?.breaker ?? BREAKER
    },

    decideEffect(request) {
      const { operation, input } = request
      const verdict = deciding.effect(request)
      const bound = request.isUndo ? undoOf(input) : hashOf(input)
      return { verdict, permit: verdict.answer === 'allow' ? issue(operation, bound) : null }
    },

    async perform(permit, given, context) {
      const input = toJson(given)
      redeem(permit, hashOf(input), true)
      const operation = functionsOf(permit)
      const checked = await validate(operation.input, input, `Input of ${permit.operation}`)
      assertGoesOn(permit)
      const output = await outside
        .run(permit.operation, () => operation.perform(checked, contextFor(permit, context)))
        .catch(asConnectorError)
        .catch(redacted)
      const fits = await validate(operation.output, output, `Output of ${permit.operation}`, 'OUTPUT_INVALID')
      return redact(toJson(fits, `output of ${permit.operation}`))
    },

    async undo(permit, given, context) {
      redeem(permit, undoOf(given), true)
      const operation = functionsOf(permit)
      if (operation.undo === undefined) {
        throw new HoldfastError('CONNECTOR_REFUSED', `${permit.operation} has no undo`)
      }
      const { input, output } = given as { readonly input: Json; readonly output: Json }
      const checked = await validate(operation.input, input, `Input of ${permit.operation}`)
      const { undo } = operation
      assertGoesOn(permit)
      await outside
        .run(permit.operation, () => undo.call(operation, checked, output, contextFor(permit, context)))
        .catch(asConnectorError)
        .catch(redacted)
      return null
    },

    async lookup(permit, input, context) {
      redeem(permit, hashOf(input), false)
      const operation = functionsOf(permit)
      if (operation.lookup === undefined) return null
      const checked = await validate(operation.input, input, `Input of ${permit.operation}`)
      const { lookup } = operation
      assertGoesOn(permit)
      const found = await outside
        .run(permit.operation, () => lookup.call(operation, checked, contextFor(permit, context)))
        .catch(redacted)
      if (found.found === 'yes') return { found: 'yes', output: redact(toJson(found.output)) }
      const why = found.found === 'unknown' && found.why !== undefined ? { why: redact(found.why) } : {}
      if (found.ifDone === undefined) return { ...found, ...why }
      return { ...found, ...why, ifDone: redact(toJson(found.ifDone)) }
    },

    decideModel(request) {
      const [model] = models
      if (model === undefined) return null
      const operation = `model.${model.provider}`
      const { verdict, day } = deciding.model(operation, request)
      const { run, name } = request
      const reserved = name === undefined ? null : { run, name, holds: verdict.holds ?? [] }
      const permit = verdict.answer === 'allow' ? issue(operation, MODEL_CALL, reserved) : null
      return { verdict, permit, provider: model.provider, model: model.model, day }
    },

    async ask(permit, question, { signal }) {
      redeem(permit, MODEL_CALL, true)
      const model = models.find((one) => `model.${one.provider}` === permit.operation)
      if (model === undefined) throw new HoldfastError('MODEL_UNAVAILABLE', `There is no ${permit.operation}`)
      const clean = redact(question as unknown as JsonObject) as unknown as ModelQuestion
      assertGoesOn(permit)
      const { answer, usage } = await outside
        .run(permit.operation, () => model.ask(clean, { signal }))
        .catch(redacted)
      if (!signal.aborted) countOverrun(permit, usage)
      return { answer: redact(answer), usage }
    },

    decideReview: (request) => deciding.review(request),
    closing: (run, name, amounts) => deciding.reservations.closing(run, name, amounts),
    forgo: (run, name) => deciding.forgo(run, name),
    onReserved(tell) {
      deciding.reservations.onReserved = tell
    },
    reservationAgeMs: () => deciding.reservationAgeMs(),
    reservations: (before) => deciding.standing(before),
  }
}

/** What a permit for a model call is bound to in place of an input. */
const MODEL_CALL = 'model call'

/** What a connector throws without saying that nothing was done leaves the outcome open. */
function asConnectorError(error: unknown): never {
  if (isHoldfastError(error) && error.code.startsWith('CONNECTOR_')) throw error
  const message = error instanceof Error ? error.message : String(error)
  throw new HoldfastError('CONNECTOR_OUTCOME_UNKNOWN', message, { cause: error })
}

function undeclared(operation: string, name: string): HoldfastError {
  return new HoldfastError(
    'CONNECTOR_REFUSED',
    `${operation} asked for ${handleOf(name)}, which it does not declare`,
    {
      details: { operation, name },
      fix: 'Name the secret under `secrets` in the manifest of the operation.',
    },
  )
}

/** Nothing was done yet, and it can be done once the vault is in order. */
function notRevealed(operation: string, name: string, error: unknown): unknown {
  if (!isHoldfastError(error) || !/^(VAULT|SECRET)_/.test(error.code)) return error
  const { code, message, fix } = error
  const what = `${operation} needs ${handleOf(name)}. ${message} (${code})`
  return new HoldfastError('CONNECTOR_UNAVAILABLE', what, { details: { operation, name, code }, fix })
}

function manifestsOf(connectors: readonly Connector[]): Map<string, DeclaredManifest> {
  const twice = connectors.find(({ name }, i) => connectors.findIndex((one) => one.name === name) !== i)
  if (twice !== undefined) {
    throw new HoldfastError('INPUT_INVALID', `Two connectors are called ${twice.name}`, {
      details: { name: twice.name },
      fix: 'Give one of them another name: the policy knows operations by the name of their connector.',
    })
  }
  return new Map(
    connectors.flatMap((connector) =>
      Object.entries(connector.operations).map(([name, { manifest }]) => [
        `${connector.name}.${name}`,
        manifest,
      ]),
    ),
  )
}

function splitName(operation: string): [string, string] {
  const dot = operation.indexOf('.')
  return [operation.slice(0, dot), operation.slice(dot + 1)]
}

/** A permit to undo is none to do, and the other way round. */
function undoOf(input: Json): string {
  return `undo ${hashOf(input)}`
}

function hashOf(input: Json): string {
  return hash('sha256', canonicalJson(input), 'hex')
}

/**
 * The flags of a workspace as a provider of OpenFeature, for host programs:
 *
 *     await OpenFeature.setProviderAndWait(flagProvider(hf))
 *     const client = OpenFeature.getClient()
 *     await client.getBooleanValue('onboarding.video', false, { targetingKey: 'c-1f7a' })
 *
 * The targeting key is what shares go by, and the id of the customer unless `customer` names another. What else the
 * context says is a fact: `country` takes the place of what is on record, anything is there as `context.<name>`.
 * Each answer is on record before it is given, unless the last one of this key was the same.
 */
import type {
  EvaluationContext,
  FlagValue as OpenFeatureValue,
  Provider,
  ResolutionDetails,
} from '@openfeature/server-sdk'
import type { FlagSubject, FlagValue } from '../kernel/flag.ts'
import type { Facts, FactValue, FlagAnswer, Flags } from '../ports/flags.ts'

/** @param place an open workspace, or anything else that has flags */
export function flagProvider({ flags }: { readonly flags: Pick<Flags, 'evaluate'> }): Provider {
  const resolve = async <Value extends FlagValue>(
    flag: string,
    fallback: Value,
    context: EvaluationContext,
  ): Promise<ResolutionDetails<Value>> => {
    const answer = await flags.evaluate(flag, fallback, subjectOf(context))
    return detailsOf(answer) as ResolutionDetails<Value>
  }
  return {
    runsOn: 'server',
    metadata: { name: 'holdfast' },
    resolveBooleanEvaluation: resolve,
    resolveStringEvaluation: resolve,
    resolveNumberEvaluation: resolve,
    resolveObjectEvaluation: async (flag, fallback) => ({
      value: fallback,
      reason: 'ERROR',
      errorCode: 'TYPE_MISMATCH' as ResolutionDetails<OpenFeatureValue>['errorCode'] & string,
      errorMessage: `Flag ${flag}: a flag of Holdfast is a boolean, a string or a number`,
    }),
  }
}

function detailsOf(answer: FlagAnswer): ResolutionDetails<FlagValue> {
  const { value, variant, reason, segment, version, error } = answer
  const metadata: Record<string, string> = {
    ...(version === null ? {} : { version }),
    ...(segment === null ? {} : { segment }),
  }
  return {
    value,
    reason,
    flagMetadata: metadata,
    ...(variant === null ? {} : { variant }),
    ...(error === null
      ? {}
      : {
          errorCode: error.code as ResolutionDetails<FlagValue>['errorCode'] & string,
          errorMessage: error.message,
        }),
  }
}

function subjectOf({
  targetingKey,
  customer,
  ...attributes
}: EvaluationContext): FlagSubject & { facts: Facts } {
  const whom = typeof customer === 'string' ? customer : targetingKey
  return {
    facts: factsOf(attributes),
    ...(targetingKey === undefined ? {} : { key: targetingKey }),
    ...(whom === undefined ? {} : { customer: whom }),
  }
}

function factsOf(attributes: Omit<EvaluationContext, 'targetingKey'>): Facts {
  const facts: Record<string, FactValue> = {}
  for (const [name, given] of Object.entries(attributes)) {
    const value = factOf(given)
    if (value === null) continue
    facts[name] = value
    facts[`context.${name}`] = value
  }
  return facts
}

function factOf(value: unknown): FactValue | null {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value
  if (value instanceof Date) return value.toISOString()
  const isList = Array.isArray(value) && value.every((one) => typeof one === 'string')
  return isList ? (value as string[]) : null
}

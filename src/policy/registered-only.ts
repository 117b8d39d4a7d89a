/** The policy of a program that gives none. */
import type { Connector } from '../ports/connector.ts'
import type { Model } from '../ports/model.ts'
import type { PolicySettings } from '../ports/policy-settings.ts'

/** Every operation and host that the given connectors and models declare. */
export function registeredOnly(connectors: readonly Connector[], models: readonly Model[]): PolicySettings {
  const manifests = connectors.flatMap(({ operations }) =>
    Object.values(operations).map(({ manifest }) => manifest),
  )
  return {
    operations: {
      allow: [
        ...connectors.map(({ name }) => `${name}.*`),
        ...models.map(({ provider }) => `model.${provider}`),
      ],
      deny: [],
      review: [],
    },
    egress: {
      allow: [...manifests.flatMap(({ hosts }) => hosts), ...models.map(({ host }) => host)].map((host) =>
        host.toLowerCase(),
      ),
    },
    budget: { perDayUsd: null, perRunUsd: null, modelCallsPerDay: null },
  }
}

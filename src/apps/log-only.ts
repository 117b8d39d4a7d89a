/** The log of a workspace opened by itself: for what must work while everything else is broken. */

import type { Environment } from '../adapters/system/environment.ts'
import { fileVault } from '../adapters/vault/vault.ts'
import { customersProjection } from '../customers/projection.ts'
import { mailIndex } from '../mail/mail-index.ts'
import { createRedactor } from '../policy/redactor.ts'
import type { Secrets } from '../policy/secrets.ts'
import type { Projection } from '../ports/projection.ts'
import type { Redactor } from '../ports/vault.ts'
import { openHoldfast } from '../sdk.ts'
import type { OpenLog } from './commands/command.ts'
import { learnVariables } from './config/secret-sources.ts'

/** What a workspace folds from its log besides what the runtime does. */
export const WORKSPACE_PROJECTIONS: readonly Projection[] = [mailIndex, customersProjection]

/** No run goes on. @throws WORKSPACE_LOCKED, WORKSPACE_NEWER, LOG_CORRUPT, LOG_WRITE_FAILED */
export async function openLogOnly(
  dir: string,
  env: Environment,
  redactor: Redactor = createRedactor(),
): Promise<OpenLog & { close(): Promise<void> }> {
  learnVariables(redactor, env)
  const late: { secrets?: Secrets } = {}
  const holdfast = await openHoldfast({
    dir,
    workflows: [],
    projections: WORKSPACE_PROJECTIONS,
    recover: false,
    vault: fileVault({ dir, env }),
    redactor,
    onLog: (_, secrets) => {
      late.secrets = secrets
    },
  })
  const secrets = late.secrets as Secrets
  return { dir, env, log: holdfast.log, secrets, work: holdfast.work, close: () => holdfast.close() }
}

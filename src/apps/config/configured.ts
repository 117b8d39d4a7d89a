/** What a policy takes from the rest of a workspace's configuration, for who has not opened it. */
import type { Environment } from '../../adapters/system/environment.ts'
import { loadConfig } from './config.ts'
import type { Configured } from './policy-file.ts'

/** As `openWorkspace` has it. @throws CONFIG_INVALID, FILE_UNREADABLE */
export async function configuredIn(dir: string, env: Environment): Promise<Configured> {
  const { config } = await loadConfig({ dir, env })
  const { modelsFromEnvironment } = await import('../../adapters/ai-sdk/model.ts')
  const { use, prices, keys } = config.models
  const models = await modelsFromEnvironment(env, { use, prices, keys, now: () => 0 })
  const smtp = config.smtp.host === null ? [] : [config.smtp.host]
  return { hosts: [...models.map(({ host }) => host), ...smtp], own: config.owner.addresses }
}

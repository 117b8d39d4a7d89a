/** The log of a workspace opened by itself: for what must work while everything else is broken. */
import { customersProjection } from '../customers/projection.ts'
import { mailIndex } from '../mail/mail-index.ts'
import type { Projection } from '../ports/projection.ts'
import { openHoldfast } from '../sdk.ts'
import type { OpenLog } from './commands/command.ts'

/** What a workspace folds from its log besides what the runtime does. */
export const WORKSPACE_PROJECTIONS: readonly Projection[] = [mailIndex, customersProjection]

/** No run goes on. @throws WORKSPACE_LOCKED, WORKSPACE_NEWER, LOG_CORRUPT, LOG_WRITE_FAILED */
export async function openLogOnly(dir: string): Promise<OpenLog & { close(): Promise<void> }> {
  const holdfast = await openHoldfast({
    dir,
    workflows: [],
    projections: WORKSPACE_PROJECTIONS,
    recover: false,
  })
  return { dir, log: holdfast.log, close: () => holdfast.close() }
}

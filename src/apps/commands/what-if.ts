/** `what-if`: the code of today, another playbook, another policy or other flags, over runs of the past. */
import { z } from 'zod'
import type { WhatIfReport } from '../../runtime/what-if/changes.ts'
import { loadPlaybook } from '../../templates/lead-qualification/playbook.ts'
import { parsePolicy } from '../config/policy-file.ts'
import { workspaceCommand } from './command.ts'

const file = z.strictObject({ name: z.string(), text: z.string() })

/** Progress is told so often. */
const EVERY = 20

export const whatIf = workspaceCommand({
  name: 'what-if',
  params: z.strictObject({
    playbook: file.nullable(),
    policy: file.nullable(),
    flags: file.nullable(),
    workflow: z.string().nullable(),
    /** Milliseconds since 1970. */
    since: z.number().nullable(),
    limit: z.int().min(1).max(100_000),
  }),
  advances: false,
  async run(workspace, { playbook, policy, flags, workflow, since, limit }, io): Promise<WhatIfReport> {
    const { holdfast } = workspace
    let tried = 0
    return await holdfast.whatIf({
      limit,
      signal: io.signal,
      onRun: () => {
        tried += 1
        if (tried % EVERY === 0) io.progress(`${tried} runs tried`)
      },
      ...(workflow === null ? {} : { workflow }),
      ...(since === null ? {} : { since }),
      ...(policy === null ? {} : { policy: parsePolicy(policy.text, policy.name, workspace) }),
      ...(flags === null ? {} : { flags: await workspace.flags.rulesOf(flags.text) }),
      ...(playbook === null
        ? {}
        : { workflows: workspace.workflowsWith(loadPlaybook(playbook.text, playbook.name)) }),
    })
  },
})

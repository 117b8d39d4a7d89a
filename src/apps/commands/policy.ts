/** `policy test`, `policy what-if`: the operator's own cases, and past decisions made anew by another file. */
import { join } from 'node:path'
import { z } from 'zod'
import { decide } from '../../policy/decide.ts'
import { handleIn } from '../../policy/guardrails/vault-secret.ts'
import { type PolicyChanges, redecide } from '../../policy/past-decisions.ts'
import { asRequest, withGuardrails } from '../../policy/request-line.ts'
import type { Verdict } from '../../ports/gate.ts'
import type { PolicySettings } from '../../ports/policy-settings.ts'
import { parseYamlFile, type YamlProblem } from '../../templates/yaml-file.ts'
import { readIfThere } from '../config/file.ts'
import { POLICY_FILE, parsePolicy, policyText } from '../config/policy-file.ts'
import { caseSchema, policySchema } from '../config/policy-schema.ts'
import { unknownInPolicy } from '../config/unknown-names.ts'
import { knownAgents, knownOperations } from '../known-names.ts'
import type { Workspace } from '../workspace.ts'
import { workspaceCommand } from './command.ts'

const file = z.strictObject({ name: z.string(), text: z.string() })
/** Beside policy.yaml: cases of their own, where they are many. */
const CASES_FILE = 'policy-cases.yaml'

export interface TestedCase {
  readonly name: string
  readonly ok: boolean
  /** `review`, or `review by taint.argument`. */
  readonly expected: string
  readonly got: Verdict
}

export const policyTest = workspaceCommand({
  name: 'policy test',
  params: z.strictObject({ policy: file.nullable() }),
  advances: false,
  async run(workspace, { policy: given }): Promise<{ cases: TestedCase[]; unknown: readonly YamlProblem[] }> {
    const { dir, connectors, log } = workspace
    const inForce = join(dir, POLICY_FILE)
    const text = given?.text ?? (await policyText(dir)) ?? 'version: 1\n'
    const name = given?.name ?? inForce
    const policy = parsePolicy(text, name, workspace)
    const cases = [
      ...parseYamlFile(text, policySchema, { file: name, code: 'CONFIG_INVALID' }).cases,
      ...(await casesBeside(dir)),
    ]
    const known = { operations: knownOperations(connectors), agents: knownAgents(log.tables) }
    return {
      cases: cases.map((one) => tested(workspace, policy, one)),
      unknown: unknownInPolicy(text, known),
    }
  },
})

async function casesBeside(dir: string): Promise<z.output<typeof caseSchema>[]> {
  const name = join(dir, CASES_FILE)
  const text = await readIfThere(name)
  return text === null ? [] : parseYamlFile(text, z.array(caseSchema), { file: name, code: 'CONFIG_INVALID' })
}

/** What a case does not say of the manifest is as its connector declares it, where there is one. */
function tested(
  { connectors, holdfast }: Workspace,
  policy: PolicySettings,
  { name, request: line, expect, rule }: z.output<typeof caseSchema>,
): TestedCase {
  const [connector = '', operation = ''] = line.operation.split('.')
  const declared = connectors.find((one) => one.name === connector)?.operations[operation]?.manifest
  const read = asRequest(line, holdfast.runtime.clock.now(), declared)
  const book = [...(policy.addressBook ?? []), ...read.addressBook]
  const asked = withGuardrails(read, policy)
  const got = decide(asked, read.labels, read.grants, { ...policy, addressBook: book })
  const ok = got.answer === expect && (rule === undefined || rule === got.rule)
  return { name, ok, expected: rule === undefined ? expect : `${expect} by ${rule}`, got }
}

export const policyWhatIf = workspaceCommand({
  name: 'policy what-if',
  /** `since` is in milliseconds since 1970. */
  params: z.strictObject({ policy: file, since: z.number().nullable() }),
  advances: false,
  async run(workspace, { policy, since }): Promise<PolicyChanges> {
    const { log, connectors, models, contactsIn, redactor } = workspace
    return redecide(log, parsePolicy(policy.text, policy.name, workspace), {
      connectors,
      models,
      known: { contactsIn, vaultSecretIn: (text) => handleIn(text, redactor.text(text)) },
      since: since ?? 0,
    })
  },
})

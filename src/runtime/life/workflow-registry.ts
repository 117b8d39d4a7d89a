/** The workflows of this process, by name and version. */
import { HoldfastError } from '../../kernel/errors.ts'
import type { AnyWorkflow } from '../../kernel/workflow.ts'

export class WorkflowRegistry {
  readonly #workflows = new Map<string, AnyWorkflow>()

  constructor(workflows: readonly AnyWorkflow[]) {
    for (const workflow of workflows) {
      const key = keyOf(workflow.name, workflow.version)
      if (this.#workflows.has(key)) {
        throw new HoldfastError('WORKFLOW_DUPLICATE', `Workflow ${key} is registered twice`, {
          details: { name: workflow.name, version: workflow.version },
        })
      }
      this.#workflows.set(key, workflow)
    }
  }

  /** The highest version. @throws WORKFLOW_UNKNOWN */
  newest(name: string): AnyWorkflow {
    const versions = [...this.#workflows.values()].filter((one) => one.name === name)
    const version = Math.max(0, ...versions.map((one) => one.version))
    return this.get(name, version)
  }

  /** @throws WORKFLOW_UNKNOWN listing those there are. */
  get(name: string, version: number): AnyWorkflow {
    const workflow = this.#workflows.get(keyOf(name, version))
    if (workflow !== undefined) return workflow
    const known = [...this.#workflows.keys()]
    throw new HoldfastError(
      'WORKFLOW_UNKNOWN',
      `No workflow ${keyOf(name, version)} is registered; there ${known.length === 1 ? 'is' : 'are'} ${known.join(', ') || 'none'}`,
      { details: { name, version, known } },
    )
  }
}

function keyOf(name: string, version: number): string {
  return `${name} version ${version}`
}

/** How a forked run differs for its code: until the fork it is its source, and one input may be another. */
import type { Json, JsonObject } from '../../kernel/json.ts'
import type { Operation, OperationHost } from '../operations.ts'

export class ForkLine {
  readonly #host: Pick<OperationHost, 'run' | 'seed' | 'fork'>
  #passed = 0

  constructor(host: Pick<OperationHost, 'run' | 'seed' | 'fork'>) {
    this.#host = host
  }

  /** What chance follows from at this moment. */
  get seed(): string {
    return this.#ancestor?.seed ?? this.#host.seed
  }

  /** The run that the code is at this moment, as it is told. */
  get run(): string {
    return this.#ancestor?.run ?? this.#host.run.id
  }

  get #ancestor() {
    return this.#host.fork?.line[this.#passed]
  }

  /** To be told of each operation that the code asks for; gives it back as it is to be done. */
  asks(operation: Operation): Operation {
    const { fork } = this.#host
    if (fork === null) return operation
    const last = fork.line.findLastIndex(({ until }) => until === operation.name)
    this.#passed = Math.max(this.#passed, last + 1)
    const isAmended = operation.name === fork.step && fork.input !== undefined
    return isAmended ? withInput(operation, fork.input as Json) : operation
  }
}

/** Types of operations whose input can be another than the code gives. */
export const TAKES_INPUT: ReadonlySet<string> = new Set(['effect', 'child', 'publication', 'review'])

function withInput(operation: Operation, input: Json): Operation {
  switch (operation.type) {
    case 'effect':
    case 'child':
      return { ...operation, input }
    case 'publication':
      return { ...operation, event: { ...operation.event, data: input } }
    case 'review':
      return { ...operation, proposal: { ...operation.proposal, proposal: input as JsonObject } }
    default:
      return operation
  }
}

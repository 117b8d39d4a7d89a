/**
 * Several things at once within a run. All of it is built from promises and the order in which outcomes are
 * handed over, so a replay takes the same path, whatever finished first outside.
 *
 * `map`, `race` and `graph` hand each branch a context of its own whose names begin with its place
 * (`ship/2/book`), so that the same code can run in several branches side by side.
 */
import type { HoldfastError } from './errors.ts'
import type { Context } from './workflow.ts'

export type OnFailure = 'stop' | 'settle'

export interface ConcurrencyOptions<Policy extends OnFailure = OnFailure> {
  /** How many may be under way at once; default: all. */
  readonly concurrency?: number
  /**
   * stop (default): after a failure nothing more is begun, what is under way comes to its end, and the first
   * failure is thrown. settle: everything is done, and each result says whether it failed.
   */
  readonly onFailure?: Policy
}

/** How one of several ended. */
export type Settled<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly error: HoldfastError }

/** Results in the order of what was given, plain or settled. */
type Results<Tasks extends readonly (() => unknown)[], Policy extends OnFailure> = {
  -readonly [Place in keyof Tasks]: Result<Awaited<ReturnType<Tasks[Place]>>, Policy>
}

type Result<Value, Policy extends OnFailure> = Policy extends 'settle' ? Settled<Value> : Value

type Branch = (ctx: Context) => unknown

/** The first branch to end, by its name, with what it gave. */
export type Winner<Branches extends Readonly<Record<string, Branch>>> = {
  readonly [Name in keyof Branches]: {
    readonly winner: Name
    readonly value: Awaited<ReturnType<Branches[Name]>>
  }
}[keyof Branches]

/** `Own` is the context that its code is given. */
export interface GraphNode<Values extends object, Name extends keyof Values, Own = Context> {
  /** Nodes that must be done before this one begins; default none. */
  readonly after?: readonly (keyof Values)[]
  /** @param done what the nodes of `after` gave, by name; reading another one throws GRAPH_INVALID */
  run(ctx: Own, done: Values): Values[Name] | Promise<Values[Name]>
}

/** The nodes of a graph by name. `Values` says what each one gives. */
export type GraphNodes<Values extends object, Own = Context> = {
  readonly [Name in keyof Values]: GraphNode<Values, Name, Own>
}

/**
 * What a failed node means for the others. all-or-nothing: nothing more is begun, waits and timers of other
 * nodes are abandoned, and when the rest has come to its end the failure is thrown. stop: nothing more is
 * begun. continue: only what depends on the failed node is skipped.
 */
export type GraphFailure = 'all-or-nothing' | 'stop' | 'continue'

export interface GraphOptions<Policy extends GraphFailure = GraphFailure> {
  /** How many nodes may be under way at once; default: all that can be. */
  readonly concurrency?: number
  /** Default `all-or-nothing`. With the others the graph does not throw: each node says how it ended. */
  readonly onFailure?: Policy
}

export type NodeOutcome<Value> =
  | { readonly state: 'done'; readonly value: Value }
  | { readonly state: 'failed'; readonly error: HoldfastError }
  /** Never begun: `because` is the failed node. */
  | { readonly state: 'skipped'; readonly because: string }

export type GraphResult<Values extends object, Policy extends GraphFailure> = Policy extends 'all-or-nothing'
  ? Values
  : { readonly [Name in keyof Values]: NodeOutcome<Values[Name]> }

/** `Own` is the context of a branch. */
export interface Concurrency<Own = Context> {
  /**
   * Runs functions at once, at most `concurrency` of them, and gives their results in the order given.
   * @throws INPUT_INVALID for a limit that is no whole number from 1; the first failure, unless `settle`
   */
  all<const Tasks extends readonly (() => unknown)[], Policy extends OnFailure = 'stop'>(
    tasks: Tasks,
    options?: ConcurrencyOptions<Policy>,
  ): Promise<Results<Tasks, Policy>>
  /** Runs `work` for each item; its context names operations `name/0/…`, `name/1/…`. As `all` otherwise. */
  map<Item, Value, Policy extends OnFailure = 'stop'>(
    name: string,
    items: readonly Item[],
    work: (ctx: Own, item: Item, index: number) => Value | Promise<Value>,
    options?: ConcurrencyOptions<Policy>,
  ): Promise<Result<Value, Policy>[]>
  /**
   * Runs the branches at once and gives the first to end, with its name; a branch that fails first is thrown.
   * The others begin nothing more, and their waits and timers are abandoned: an event that comes later is left
   * for the next wait. Their steps, effects and children under way go on to their end.
   */
  race<const Branches extends Readonly<Record<string, Branch>>>(
    name: string,
    branches: Branches,
  ): Promise<Winner<Branches>>
  /**
   * Runs named nodes as their dependencies allow, each with a context that names its operations
   * `graph/node/…`. The graph and the end of each node are on record.
   *
   *     const { price } = await ctx.graph<{ stock: number; price: number }>('order', {
   *       stock: { run: (ctx) => ctx.step('count', () => 5) },
   *       price: { after: ['stock'], run: (ctx, { stock }) => stock * 3 },
   *     })
   *
   * With another policy for failures, name that too: `ctx.graph<Values, 'continue'>(…)`.
   *
   * @throws GRAPH_INVALID, before anything is run, for an unknown or repeated name in `after` or a cycle
   */
  graph<Values extends object, Policy extends GraphFailure = 'all-or-nothing'>(
    name: string,
    nodes: GraphNodes<Values, Own>,
    options?: GraphOptions<Policy>,
  ): Promise<GraphResult<Values, Policy>>
}

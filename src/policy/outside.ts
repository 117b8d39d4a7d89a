/**
 * Whether code runs on behalf of the gate: the name of the operation that a permit was given for, for all that is
 * done for it, also later. Who watches the outside (a test, an audit) knows by it what came past the policy.
 */
import { AsyncLocalStorage } from 'node:async_hooks'

export const outside = new AsyncLocalStorage<string>()

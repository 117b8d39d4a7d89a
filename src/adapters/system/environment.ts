/** The variables of the environment, handed over by the apps. */

/** As `process.env` has them. */
export type Environment = Readonly<Record<string, string | undefined>>

/** The variables of this process. */
export function processEnvironment(): Environment {
  return process.env
}

/**
 * Removes a variable that is set but empty from the process itself, for packages that read it on their
 * own when they are loaded and take an empty one for a mistake.
 */
export function unsetIfEmpty(variable: string): void {
  if (process.env[variable]?.trim() === '') delete process.env[variable]
}

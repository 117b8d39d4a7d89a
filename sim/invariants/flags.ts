/**
 * What a flag says is what follows from the version of the flags that was put on record last, reckoned here anew; a key
 * that has been below a share is never beyond the same or a larger one.
 */
import type { FlagFile, Rule } from '../../src/flags/definitions.ts'
import type { StoredEvent } from '../../src/kernel/event.ts'
import type { Json, JsonObject } from '../../src/kernel/json.ts'
import { type Asked, type Invariant, Violation } from './invariant.ts'

interface Version {
  readonly position: number
  readonly hash: string
  readonly file: FlagFile
}

/** What is known of the place of a key: not below the first, below the second. */
type Bounds = readonly [number, number]

interface Said {
  readonly variant: string | null
  readonly reason: string
}

export class FlagAnswers implements Invariant {
  readonly #versions: Version[] = []
  /** By flag and key. */
  readonly #places = new Map<string, Bounds>()

  see({ kind, position, body }: StoredEvent, asked: Asked | undefined): void {
    if (body === null) return
    if (kind === 'flags.adopted') {
      const { hash, text } = body
      this.#versions.push({ position, hash: String(hash), file: JSON.parse(String(text)) as FlagFile })
    } else if (kind === 'flag.evaluated' && asked !== undefined) this.#check(body, asked.head)
  }

  end(): void {}

  #check(body: JsonObject, head: number): void {
    const { flag, key, version, problem, value } = body
    const inForce = this.#versions.findLast((one) => one.position <= head)
    if (version !== (inForce?.hash ?? null))
      throw new Violation('flag-answers', `${flag} has answered by ${version}, in force is ${inForce?.hash}`)
    if (problem !== undefined) return
    const definition = inForce?.file.flags[String(flag)]
    if (inForce === undefined || definition === undefined)
      throw new Violation('flag-answers', `${flag} has answered, and is none`)
    const said = { variant: body.variant as string, reason: String(body.reason) }
    const fitting = definition.rules.filter(
      ({ segment }) => segment === null || isGuest(body.customer, inForce),
    )
    const right = definition.enabled
      ? this.#byRules(`${flag} ${key}`, fitting, said)
      : { variant: definition.off, reason: 'DISABLED' }
    const byDefault = {
      variant: definition.default,
      reason: definition.rules.length === 0 ? 'STATIC' : 'DEFAULT',
    }
    const { variant, reason } = right ?? byDefault
    if (said.variant !== variant || said.reason !== reason || value !== definition.variants[variant])
      throw new Violation(
        'flag-answers',
        `${flag} said ${said.variant} (${said.reason}) to ${key}, not ${variant} (${reason})`,
      )
  }

  /** By the first that serves, or whose share holds the place, for which what was said is taken if it can be so. */
  #byRules(at: string, rules: readonly Rule[], said: Said): { variant: string; reason: string } | null {
    for (const { serve, split } of rules) {
      if (serve !== null) return { variant: serve, reason: 'TARGETING_MATCH' }
      const [[variant, share] = ['', 0]] = Object.entries(split ?? {})
      const isBelow = said.reason === 'SPLIT' && said.variant === variant && this.#mayBe(at, [0, share])
      if (isBelow || !this.#mayBe(at, [share, 100])) {
        this.#learn(at, [0, share])
        return { variant, reason: 'SPLIT' }
      }
      this.#learn(at, [share, 100])
    }
    return null
  }

  #mayBe(at: string, [from, to]: Bounds): boolean {
    const [least, most] = this.#places.get(at) ?? [0, 100]
    return Math.max(from, least) < Math.min(to, most)
  }

  #learn(at: string, [from, to]: Bounds): void {
    const [least, most] = this.#places.get(at) ?? [0, 100]
    this.#places.set(at, [Math.max(from, least), Math.min(to, most)])
  }
}

function isGuest(customer: Json | undefined, { file }: Version): boolean {
  return file.segments.guests?.where.every(({ value }) => value === customer) ?? false
}

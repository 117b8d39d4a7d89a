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
  readonly segment: string | null
}

/** A share, and the places for which it answers: those below it that no earlier one has. */
interface Way {
  readonly variant: string
  readonly segment: string | null
  readonly within: Bounds
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
    const { variant: saidVariant, segment } = body as { variant: string; segment: string | null }
    const said = { variant: saidVariant, reason: String(body.reason), segment }
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
    const isRight = said.variant === variant && said.reason === reason
    if (!isRight || value !== definition.variants[said.variant])
      throw new Violation(
        'flag-answers',
        `${flag} said ${said.variant} (${said.reason}) to ${key}, not ${variant} (${reason})`,
      )
  }

  /** By the first that serves, or whose share holds the place; what was said is taken if it can be so. */
  #byRules(at: string, rules: readonly Rule[], said: Said): Pick<Said, 'variant' | 'reason'> | null {
    const serving = rules.find(({ serve }) => serve !== null)
    const ways = waysOf(serving === undefined ? rules : rules.slice(0, rules.indexOf(serving)))
    const beyond: Bounds = [Math.max(0, ...ways.map(({ within }) => within[1])), 100]
    const theirs = ways.filter((way) => isSaid(way, said) && this.#mayBe(at, way.within))
    const [first] = theirs
    if (first !== undefined) {
      this.#learn(at, [first.within[0], Math.max(...theirs.map(({ within }) => within[1]))])
      return { variant: said.variant, reason: 'SPLIT' }
    }
    if (!this.#mayBe(at, beyond)) {
      const way = ways.find(({ within }) => this.#mayBe(at, within))
      return { variant: way?.variant ?? null, reason: 'SPLIT' }
    }
    this.#learn(at, beyond)
    return serving === undefined ? null : { variant: serving.serve, reason: 'TARGETING_MATCH' }
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

function waysOf(shares: readonly Rule[]): Way[] {
  let floor = 0
  return shares.map(({ split, segment }) => {
    const [[variant, share] = ['', 0]] = Object.entries(split ?? {})
    const within = [floor, share] as const
    floor = Math.max(floor, share)
    return { variant, segment, within }
  })
}

function isSaid({ variant, segment }: Way, said: Said): boolean {
  return said.reason === 'SPLIT' && said.variant === variant && said.segment === segment
}

function isGuest(customer: Json | undefined, { file }: Version): boolean {
  return file.segments.guests?.where.every(({ value }) => value === customer) ?? false
}

/**
 * What becomes of a review by the passing of time, or by a delegation, does so when it may, and as was asked for; it
 * is on record as theirs.
 */
import type { StoredEvent } from '../../src/kernel/event.ts'
import type { JsonObject } from '../../src/kernel/json.ts'
import { type Asked, type Invariant, Violation } from './invariant.ts'

interface Question {
  readonly position: number
  readonly workflow: string
  readonly action: string
  readonly n: number | undefined
  readonly deadline: number | null
  /** What becomes of it when nobody has answered by then. */
  readonly becomes: string
  readonly hasWarning: boolean
  readonly isAudit: boolean
  snoozedUntil: number | null
}

interface Given {
  readonly position: number
  readonly workflow: string
  readonly action: string
  readonly n: number | undefined
  readonly until: number
  readonly most: number
  used: number
  isRevoked: boolean
}

export class Reviews implements Invariant {
  readonly #questions = new Map<string, Question>()
  readonly #delegations = new Map<string, Given>()

  see(event: StoredEvent, asked: Asked | undefined): void {
    const { kind, body } = event
    if (body === null) return
    const question = this.#questions.get(String(body.review))
    switch (kind) {
      case 'review.requested':
        this.#questions.set(String(body.review), questionOf(event, body))
        return
      case 'delegation.given':
        this.#delegations.set(String(body.delegation), givenOf(event, body))
        return
      case 'delegation.revoked':
        Object.assign(this.#delegations.get(String(body.delegation)) ?? {}, { isRevoked: true })
        return
      case 'review.answered':
        if (question !== undefined) this.#answer(question, event, body, asked)
        return
      case 'review.snoozed':
        if (question !== undefined) question.snoozedUntil = Number(body.until)
        return
      case 'review.returned':
        if (question !== undefined) this.#return(question, body, asked)
        return
      case 'review.expired':
        if (question !== undefined) this.#expire(question, body, asked)
    }
  }

  end(): void {}

  #answer(
    question: Question,
    { actor }: StoredEvent,
    { review, way, verdict, delegation }: JsonObject,
    asked: Asked | undefined,
  ): void {
    const isOperators = actor === 'operator'
    if (isOperators === (way === 'rule' || way === 'expiry' || way === 'autonomy'))
      throw new Violation('review-ways', `${review} was answered by way of ${way} by ${actor}`)
    if (way === 'expiry') {
      const expected = { approve: 'approved', reject: 'rejected' }[question.becomes]
      if (verdict !== expected)
        throw new Violation('review-deadlines', `${review} was ${verdict} by its deadline, not ${expected}`)
      assertPassed(review, question, asked)
    } else if (way === 'rule') this.#byRule(String(review), question, String(delegation), asked)
  }

  #byRule(review: string, question: Question, id: string, asked: Asked | undefined): void {
    const given = this.#delegations.get(id)
    const why =
      given === undefined
        ? 'was never given'
        : given.isRevoked
          ? 'was revoked'
          : given.used >= given.most
            ? 'was used up'
            : given.position > question.position
              ? 'was given later'
              : given.workflow !== question.workflow || given.action !== question.action
                ? 'is for another action'
                : given.n !== undefined && given.n !== question.n
                  ? 'is for another value'
                  : question.hasWarning || question.isAudit
                    ? 'is not for what has a warning, or is an audit'
                    : asked !== undefined && asked.now >= given.until
                      ? 'had ended'
                      : null
    if (why !== null) throw new Violation('delegations', `${review} was answered by ${id}, which ${why}`)
    if (given !== undefined) given.used += 1
  }

  /** One that was put off again meanwhile comes back when that is over. */
  #return(question: Question, { review, until }: JsonObject, asked: Asked | undefined): void {
    if (until === null || (asked?.latest ?? Infinity) < Number(until))
      throw new Violation('review-deadlines', `${review} is back, and was put off until ${until}`)
    if (question.snoozedUntil !== null && question.snoozedUntil <= Number(until)) question.snoozedUntil = null
  }

  #expire(question: Question, { review, becomes }: JsonObject, asked: Asked | undefined): void {
    assertPassed(review, question, asked)
    if (becomes !== question.becomes)
      throw new Violation('review-deadlines', `${review} became ${becomes} instead of ${question.becomes}`)
  }
}

function assertPassed(review: unknown, { deadline }: Question, asked: Asked | undefined): void {
  if (deadline === null || (asked?.latest ?? Infinity) < deadline)
    throw new Violation('review-deadlines', `${review} has expired, and its deadline is ${deadline}`)
}

function questionOf({ position }: StoredEvent, body: JsonObject): Question {
  const { workflow, action, deadline, warnings, proposal, options, autonomy } = body
  const { onExpiry = 'keep', operation = null } = (options ?? {}) as { onExpiry?: string; operation?: string }
  const hasWarning = (warnings as unknown[]).length > 0
  // Of what the simulated reviews lead to, only reading leaves nothing to be undone.
  const mayApprove = operation === 'world.read' && !hasWarning
  return {
    position,
    workflow: String(workflow),
    action: String(action),
    n: (proposal as { n?: number }).n,
    deadline: deadline === null ? null : Number(deadline),
    becomes: onExpiry === 'approve' && !mayApprove ? 'escalate' : onExpiry,
    hasWarning,
    isAudit: (autonomy as { rule?: string } | null | undefined)?.rule === 'audit',
    snoozedUntil: null,
  }
}

function givenOf({ position }: StoredEvent, body: JsonObject): Given {
  return {
    position,
    workflow: String(body.agent),
    action: String(body.action),
    n: (body.arguments as { n?: { oneOf: readonly number[] } }).n?.oneOf[0],
    until: body.expiresAt === null ? Infinity : Number(body.expiresAt),
    most: body.most === null ? Infinity : Number(body.most),
    used: 0,
    isRevoked: false,
  }
}

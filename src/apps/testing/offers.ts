/** Runs that propose something, with a letterbox that notes what was done in the end. */
import type { TestContext } from 'node:test'
import { z } from 'zod'
import { defineWorkflow } from '../../kernel/workflow.ts'
import type { Level } from '../../ports/autonomy.ts'
import { type Connector, defineConnector, type OperationManifest } from '../../ports/connector.ts'
import type { PolicySettings } from '../../ports/policy-settings.ts'
import type { Answer } from '../../runtime/answer.ts'
import type { Review } from '../../runtime/reviews/review-index.ts'
import { openPlace, type Place, type PlaceOptions } from './place.ts'

export const REMIT = { agent: 'offer', action: 'send-offer', segment: 'all' }

const LOOSE = { tolerance: 0.5, edit: 0.2 }

/** Settings under which a level is earned quickly. */
export const QUICK = { tiers: { low: LOOSE, medium: LOOSE, high: LOOSE } }

const input = z.object({
  text: z.string().default('our offer'),
  confidence: z.number().default(0.8),
  warnings: z.array(z.string()).default([]),
})

export type OfferInput = z.input<typeof input>

export function offerWorkflow(version = 1, operation: string | null = 'post.send') {
  return defineWorkflow({
    name: 'offer',
    version,
    input: input as never,
    output: z.string(),
    async run(ctx, given: z.output<typeof input>) {
      for (let round = 1; ; round += 1) {
        const answer = await ctx.review(`review ${round}`, {
          action: 'send-offer',
          summary: 'An offer',
          reason: 'asked for',
          confidence: given.confidence,
          proposal: { to: 'ada@harbourlane.example', text: given.text },
          warnings: given.warnings,
          ...(operation === null ? {} : { operation }),
        })
        if (answer.verdict === 'rejected') return `nothing: ${answer.reason}`
        if (answer.verdict === 'responded') continue
        await ctx.act('send', 'post.send', answer.value)
        return 'sent'
      }
    },
  })
}

export class Offers {
  readonly place: Place
  readonly posted: string[]
  #count = 0

  constructor(place: Place, posted: string[]) {
    this.place = place
    this.posted = posted
  }

  get autonomy() {
    return this.place.hf.autonomy
  }

  get standing() {
    return this.autonomy.standing(REMIT)
  }

  /** The operator's word: this level, and a ceiling that lets it be. */
  async give(level: Level): Promise<void> {
    await this.autonomy.set(REMIT, { level, ceiling: 'auto' })
  }

  /** Starts a run and lets it go on; the review that then waits, if one does. */
  async start(
    given: OfferInput = {},
    version = 1,
    customer?: string,
  ): Promise<{ run: string; review: Review | undefined }> {
    this.#count += 1
    const run = `offer-${this.#count}`
    const about = customer === undefined ? {} : { customer }
    await this.place.hf.start(offerWorkflow(version), given as never, { id: run, ...about })
    await this.place.hf.idle()
    return { run, review: this.place.hf.reviews().find((review) => review.run === run) }
  }

  async answer(review: Review | undefined, answer: Answer = { verdict: 'approved' }): Promise<void> {
    await this.place.hf.answer(review?.id ?? 'none', answer)
    await this.place.hf.idle()
  }

  /** So many runs, each answered so when it is put to the operator. */
  async answered(times: number, answer?: Answer): Promise<void> {
    for (let i = 0; i < times; i += 1) {
      const { review } = await this.start()
      if (review !== undefined) await this.answer(review, answer)
    }
  }

  kinds(): string[] {
    return this.place.hf.log.readStream('autonomy/offer/send-offer/all').map(({ kind }) => kind)
  }
}

/** What a letterbox knows of the letters in it, also when another process uses it. */
const keysOf = new WeakMap<string[], Set<string>>()

export function letterbox(posted: string[], manifest: OperationManifest = {}): Connector {
  const done = keysOf.get(posted) ?? new Set()
  keysOf.set(posted, done)
  return defineConnector({
    name: 'post',
    operations: {
      send: {
        manifest: { effect: 'external', criticalArguments: ['to'], ...manifest },
        input: z.any(),
        output: z.any(),
        async perform({ to }: { to: string }, { idempotencyKey }) {
          posted.push(to)
          done.add(idempotencyKey)
          return null
        },
        lookup: async (_, { idempotencyKey }) =>
          done.has(idempotencyKey) ? { found: 'yes', output: null } : { found: 'no' },
      },
      note: {
        manifest: { effect: 'reversible' },
        input: z.any(),
        output: z.any(),
        perform: async () => null,
        undo: async () => {},
      },
    },
  })
}

export interface OffersOptions extends PlaceOptions {
  readonly manifest?: OperationManifest
  readonly policy?: PolicySettings
}

export async function openOffers(t: TestContext, options: OffersOptions = {}): Promise<Offers> {
  const { manifest, ...rest } = options
  const posted: string[] = []
  const place = await openPlace(t, {
    workflows: [offerWorkflow()],
    connectors: [letterbox(posted, manifest)],
    ...rest,
  })
  return new Offers(place, posted)
}

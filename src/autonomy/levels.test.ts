import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { offerWorkflow, openOffers, QUICK, REMIT } from '../apps/testing/offers.ts'
import { countsOf } from '../flags/flag-index.ts'

const ALWAYS = { sampled: 1, auto: 1 }
const NEVER = { sampled: 1e-9, auto: 1e-9 }
/** Everything goes by itself, whatever it does. */
const ALL_AUTO = {
  level: 'auto',
  ceilings: { read: 'auto', reversible: 'auto', external: 'auto', irreversible: 'auto' },
  audits: NEVER,
} as const

describe('levels', () => {
  test('at first the operator answers, and the record says by which rule', async (t) => {
    const offers = await openOffers(t)
    const { run, review } = await offers.start()
    assert.ok(review)
    const { level, rule, by, counts, tier } = review.autonomy ?? {}
    assert.deepEqual([level, rule, by, counts, tier], ['review', 'review', 'operator', true, 'medium'])
    await offers.answer(review)
    assert.deepEqual(offers.posted, ['ada@harbourlane.example'])
    assert.equal(offers.place.bodies(run, 'review.answered')[0]?.by, undefined)
    assert.equal(offers.standing.answers.approved, 1)
  })

  test('auto answers by itself, with the reason on record, and without lifting trust', async (t) => {
    const offers = await openOffers(t, { autonomy: { audits: NEVER } })
    await offers.give('auto')
    const { run, review } = await offers.start()
    assert.equal(review, undefined)
    assert.equal(offers.posted.length, 1)
    const answered = offers.place.events(run).find(({ kind }) => kind === 'review.answered')
    assert.equal(answered?.actor, 'autonomy')
    assert.equal(answered?.label.trust, 'system')
    const { by, verdict, autonomy } = answered?.body ?? {}
    assert.deepEqual([by, verdict], ['autonomy', 'approved'])
    const { rule, level, evidence } = autonomy as Record<string, unknown>
    assert.deepEqual([rule, level], ['automatic', 'auto'])
    assert.deepEqual(evidence, { reviews: 0, errors: 0, bound: 1, by: 'operator' })
    assert.equal(offers.standing.answers.automatic, 1)
    const requested = offers.place.events(run).find(({ kind }) => kind === 'review.requested')
    assert.equal(requested?.position, (answered?.position ?? 0) - 1, 'they are one commit')
  })

  test('what is drawn for an audit is put to the operator, the same on every replay', async (t) => {
    const offers = await openOffers(t, { autonomy: { audits: { sampled: 0.5, auto: 0.5 } } })
    await offers.give('sampled')
    let audits = 0
    for (let i = 0; i < 40; i += 1) {
      const { review } = await offers.start()
      if (review === undefined) continue
      audits += 1
      assert.equal(review.autonomy?.rule, 'audit')
      await offers.answer(review)
    }
    assert.ok(audits >= 10 && audits <= 30, `${audits} of 40`)
    assert.equal(offers.standing.answers.automatic, 40 - audits)
    assert.equal(offers.standing.reviews, audits)
  })

  test('off proposes nothing, shadow does nothing and waits to be compared', async (t) => {
    const offers = await openOffers(t)
    await offers.autonomy.set(REMIT, { level: 'off' })
    const off = await offers.start()
    assert.equal(await offers.place.outcome(off.run), 'nothing: this action is switched off')
    assert.deepEqual(offers.autonomy.shadows(), [])

    await offers.autonomy.set(REMIT, { level: 'shadow' })
    assert.equal(offers.standing.tolerance, 0.25, 'since you still see each')
    const runs = [await offers.start(), await offers.start(), await offers.start()]
    assert.deepEqual(offers.posted, [])
    const shadows = offers.autonomy.shadows()
    assert.deepEqual(
      shadows.map(({ run }) => run),
      runs.map(({ run }) => run),
    )
    const [same, other, nothing] = shadows.map(({ review }) => review)
    assert.deepEqual(await offers.autonomy.compare(same ?? '', { did: 'same' }), {
      difference: 0,
      error: false,
    })
    const fields = { text: 'a text of my own' }
    assert.equal((await offers.autonomy.compare(other ?? '', { fields })).error, true)
    assert.equal((await offers.autonomy.compare(nothing ?? '', { did: 'nothing' })).error, true)
    assert.deepEqual(offers.autonomy.shadows(), [])
    const { reviews, errors } = offers.standing
    assert.deepEqual([reviews, errors], [3, 2])
    await assert.rejects(offers.autonomy.compare(same ?? '', { did: 'same' }), { code: 'REVIEW_ENDED' })
    await assert.rejects(offers.autonomy.compare('r-none', { did: 'same' }), { code: 'REVIEW_NOT_FOUND' })
    await offers.start({ warnings: ['orders'] })
    const [warned] = offers.autonomy.shadows()
    await offers.autonomy.compare(warned?.review ?? '', { did: 'nothing' })
    assert.equal(offers.standing.reviews, 3, 'what you answer at every level is no evidence')
    await offers.autonomy.set(REMIT, { level: 'review' })
    const { review: asked } = await offers.start()
    const compared = offers.autonomy.compare(asked?.id ?? '', { did: 'same' })
    await assert.rejects(compared, { code: 'REVIEW_NOT_FOUND' }, 'what waits for an answer is not compared')
  })

  test('a change of level holds from the next decision on; what was decided stays', async (t) => {
    const offers = await openOffers(t, { autonomy: { audits: NEVER } })
    const { run, review } = await offers.start()
    await offers.give('auto')
    assert.equal(offers.place.hf.run(run).status(), 'waiting')
    assert.equal((await offers.start()).review, undefined)
    await offers.answer(review)
    assert.equal(offers.standing.reviews, 0, 'an answer counts for the level at which it was asked for')
    assert.equal(offers.standing.answers.approved, 1)
    await offers.place.reopen()
    assert.equal(offers.standing.level, 'auto')
  })
})

describe('what autonomy may never answer', () => {
  test('what the policy sends to review', async (t) => {
    const policy = {
      operations: { allow: [], deny: [], review: ['post.*'] },
      egress: { allow: [] },
      budget: { perDayUsd: null, perRunUsd: null, modelCallsPerDay: null },
    }
    const offers = await openOffers(t, { policy, autonomy: ALL_AUTO })
    const { run, review } = await offers.start()
    assert.equal(review?.name, 'send (approval)')
    assert.equal(review?.autonomy, undefined)
    assert.deepEqual(offers.posted, [])
    await offers.answer(review)
    assert.equal(await offers.place.outcome(run), 'sent')
  })

  test('what the policy denies', async (t) => {
    const policy = {
      operations: { allow: [], deny: ['post.*'], review: [] },
      egress: { allow: [] },
      budget: { perDayUsd: null, perRunUsd: null, modelCallsPerDay: null },
    }
    const offers = await openOffers(t, { policy, autonomy: ALL_AUTO })
    const { run } = await offers.start()
    await assert.rejects(offers.place.outcome(run), { code: 'POLICY_DENIED' })
    assert.deepEqual(offers.posted, [])
  })

  test('what carries a warning, is not sure enough, or is a draft that the operator asked for', async (t) => {
    const actions = [{ agent: '*', action: 'send-offer', segment: '*', confidence: 0.5 }]
    const offers = await openOffers(t, { autonomy: { audits: NEVER, actions } })
    await offers.give('auto')
    const ruled = async (given: object) => (await offers.start(given)).review?.autonomy
    const [warned, unsure] = [await ruled({ warnings: ['orders'] }), await ruled({ confidence: 0.4 })]
    assert.deepEqual([warned?.rule, warned?.counts], ['warning', false])
    assert.deepEqual([unsure?.rule, unsure?.counts], ['confidence', false])

    await offers.autonomy.set(REMIT, { level: 'review' })
    const { run, review } = await offers.start()
    await offers.answer(review, { verdict: 'responded', instruction: 'shorter' })
    await offers.give('auto')
    const [redraft] = offers.place.hf.reviews().filter((one) => one.run === run)
    assert.equal(redraft?.autonomy?.rule, 'redraft')
    const before = offers.standing.reviews
    await offers.answer(redraft)
    assert.equal(offers.standing.reviews, before)
  })

  test('what was sure of itself before, and wrong', async (t) => {
    const actions = [{ agent: '*', action: 'send-offer', segment: '*', confidence: 0.5 }]
    const offers = await openOffers(t, { autonomy: { audits: NEVER, actions } })
    await offers.answered(40, { verdict: 'rejected' })
    await offers.give('auto')
    assert.equal((await offers.start()).review?.autonomy?.rule, 'confidence')
  })

  for (const [what, manifest, operation] of [
    ['can not be taken back', { effect: 'irreversible' }, 'post.send'],
    ['is of an operation that nobody named', { effect: 'external' }, null],
    ['is of an operation that nobody knows', { effect: 'external' }, 'post.burn'],
  ] as const) {
    test(`what ${what}, until the operator raises the ceiling`, async (t) => {
      const workflows = [offerWorkflow(1, operation)]
      const offers = await openOffers(t, { manifest, workflows, autonomy: { audits: NEVER } })
      assert.ok((await offers.start()).review)
      await assert.rejects(offers.autonomy.set(REMIT, { level: 'auto' }), { code: 'AUTONOMY_ABOVE_CEILING' })
      await offers.autonomy.set(REMIT, { level: 'auto', ceiling: 'auto' })
      assert.equal((await offers.start()).review, undefined)
      await offers.autonomy.set(REMIT, { ceiling: 'review' })
      assert.equal(offers.standing.level, 'review')
      assert.ok((await offers.start()).review)
    })
  }

  test('a level that was given for something harmless, when the operation is not', async (t) => {
    const offers = await openOffers(t, { autonomy: { audits: NEVER } })
    await offers.start()
    await offers.autonomy.set(REMIT, { level: 'auto', ceiling: 'auto' })
    assert.equal((await offers.start()).review, undefined)
    await offers.place.reopen({ workflows: [offerWorkflow(1, null)] })
    const { review } = await offers.start()
    assert.deepEqual([review?.autonomy?.rule, review?.autonomy?.effect], ['review', 'irreversible'])
  })
})

describe('promotion and demotion', () => {
  test('a level is offered when the answers show it, and taken by the operator', async (t) => {
    const offers = await openOffers(t, { autonomy: { ...QUICK, audits: ALWAYS } })
    await assert.rejects(offers.autonomy.accept(REMIT), { code: 'AUTONOMY_NOT_OFFERED' })
    const needed = offers.standing.next.missing ?? 0
    await offers.answered(needed - 1)
    assert.equal(offers.standing.next.offered, false)
    assert.equal(offers.standing.next.missing, 1)
    await offers.answered(1)
    const { next, bound, tolerance, eValue, threshold } = offers.standing
    assert.deepEqual([next.level, next.offered, next.missing], ['sampled', true, 0])
    assert.ok(bound <= tolerance && eValue >= threshold)
    assert.equal((await offers.autonomy.accept(REMIT)).level, 'sampled')
    assert.deepEqual([offers.standing.by, offers.standing.reviews], ['promotion', 0])
    assert.deepEqual(offers.kinds(), ['autonomy.promotion-offered', 'autonomy.promoted'])
    await assert.rejects(offers.autonomy.accept(REMIT), { code: 'AUTONOMY_NOT_OFFERED' })
  })

  test('edits count by how much they change; a rejection and a wish for another draft are errors', async (t) => {
    const offers = await openOffers(t, { autonomy: { ...QUICK } })
    const text = 'one two three four five six seven eight nine ten'
    const edited = async (to: string) => {
      const { review } = await offers.start({ text })
      await offers.answer(review, { verdict: 'edited', changes: { text: to } })
    }
    await edited(text.replace('ten', 'eleven'))
    assert.deepEqual([offers.standing.reviews, offers.standing.errors], [1, 0])
    await edited('something else altogether')
    assert.deepEqual([offers.standing.reviews, offers.standing.errors], [2, 1])
    const { review } = await offers.start({ text })
    const changes = { to: 'ada@harbourlane.invalid', text: text.replace('ten', 'eleven') }
    await offers.answer(review, { verdict: 'edited', changes })
    assert.equal(offers.standing.errors, 2, 'another recipient is an error under however long a text')
    await offers.answered(1, { verdict: 'rejected' })
    await offers.answered(1, { verdict: 'responded', instruction: 'shorter' })
    assert.deepEqual([offers.standing.reviews, offers.standing.errors], [5, 4])
    assert.deepEqual(offers.standing.answers, {
      approved: 0,
      edited: 3,
      rejected: 1,
      responded: 1,
      automatic: 0,
    })
  })

  test('a refused offer has the count begin anew; an offer is withdrawn when errors speak against it', async (t) => {
    const offers = await openOffers(t, { autonomy: { ...QUICK } })
    await offers.answered(offers.standing.next.missing ?? 0)
    await offers.autonomy.decline(REMIT, 'not yet')
    assert.deepEqual([offers.standing.next.offered, offers.standing.reviews], [false, 0])
    await offers.answered(offers.standing.next.missing ?? 0)
    assert.equal(offers.standing.next.offered, true)
    await offers.answered(2, { verdict: 'rejected' })
    assert.equal(offers.standing.next.offered, false)
    assert.equal(offers.kinds().at(-1), 'autonomy.offer-withdrawn')
  })

  test('nothing is offered above the ceiling, and what stands in the way is named', async (t) => {
    const offers = await openOffers(t, { manifest: { effect: 'irreversible' }, autonomy: { ...QUICK } })
    await offers.answered(offers.standing.next.missing ?? 0)
    const { next, tier } = offers.standing
    assert.equal(tier, 'high')
    assert.deepEqual([next.offered, next.missing, next.hindrance], [false, 0, 'the ceiling is review'])
    await offers.autonomy.set(REMIT, { ceiling: 'sampled' })
    await offers.place.hf.idle()
    assert.equal(offers.standing.next.offered, true)
  })

  test('drift brings an agent back at once, with an alert that says why', async (t) => {
    const offers = await openOffers(t, { autonomy: { audits: ALWAYS } })
    await offers.give('auto')
    await offers.answered(5)
    for (let i = 0; i < 10 && offers.standing.level === 'auto'; i += 1) {
      await offers.answered(1, { verdict: 'rejected' })
    }
    assert.deepEqual([offers.standing.level, offers.standing.by], ['review', 'demotion'])
    const demoted = offers.place.hf.log.readStream('autonomy/offer/send-offer/all').at(-1)?.body
    assert.equal(demoted?.cause, 'drift')
    assert.match(String(demoted?.reason), /of the last \d+ audits were errors; the sum of drift is \d+/)
    const [alert] = offers.place.hf.alerts()
    assert.match(alert?.message ?? '', /^offer send-offer is back at level review \(drift\)/)
    assert.equal((await offers.start()).review?.autonomy?.rule, 'review')
    await offers.autonomy.set(REMIT, { level: 'auto', reason: 'mended' })
    assert.deepEqual(offers.place.hf.alerts(), [])
  })

  test('an anomaly brings down all that an agent may do', async (t) => {
    const offers = await openOffers(t)
    const other = { ...REMIT, action: 'send-other' }
    await offers.give('auto')
    await offers.autonomy.set(other, { level: 'auto', ceiling: 'auto' })
    await offers.autonomy.demoteAgent('offer', { cause: 'anomaly', reason: 'ten times as many mails' })
    assert.deepEqual(
      offers.autonomy.standings().map(({ level }) => level),
      ['review', 'review'],
    )
    assert.equal(offers.place.hf.alerts().length, 2)
    await offers.autonomy.demote(REMIT, { cause: 'anomaly', reason: 'again' })
    assert.equal(offers.place.hf.alerts().length, 2)
  })

  test('an anomaly lifts nothing that is below', async (t) => {
    const offers = await openOffers(t)
    for (const level of ['off', 'shadow'] as const) {
      await offers.autonomy.set(REMIT, { level })
      const anomaly = { cause: 'anomaly', reason: 'ten times as many mails' } as const
      assert.equal((await offers.autonomy.demote(REMIT, anomaly)).level, level)
      assert.deepEqual(await offers.autonomy.demoteAgent('offer', anomaly), [])
      assert.equal(offers.standing.level, level)
    }
  })

  test('what a version earned is not the next one’s, and its count begins anew', async (t) => {
    const offers = await openOffers(t, { autonomy: { ...QUICK, audits: NEVER } })
    await offers.answered(offers.standing.next.missing ?? 0)
    await offers.autonomy.accept(REMIT)
    assert.equal((await offers.start()).review, undefined)
    await offers.place.reopen({ workflows: [offerWorkflow(1), offerWorkflow(2)] })
    const { review } = await offers.start({}, 2)
    assert.equal(review?.autonomy?.rule, 'review')
    await offers.place.hf.idle()
    const demoted = offers.place.hf.log.readStream('autonomy/offer/send-offer/all').at(-1)?.body
    assert.deepEqual([demoted?.cause, offers.standing.level], ['version', 'review'])
  })

  test('what came from the shadow to review has no way to fall, whatever asks', async (t) => {
    const offers = await openOffers(t, { autonomy: { ...QUICK } })
    await offers.autonomy.set(REMIT, { level: 'shadow' })
    for (let i = 0; i < 60 && !offers.standing.next.offered; i += 1) {
      await offers.start()
      for (const { review } of offers.autonomy.shadows())
        await offers.autonomy.compare(review, { did: 'same' })
      await offers.place.hf.idle()
    }
    assert.equal((await offers.autonomy.accept(REMIT)).level, 'review')
    await offers.place.reopen({ workflows: [offerWorkflow(1), offerWorkflow(2)] })
    assert.ok((await offers.start({}, 2)).review)
    await offers.place.hf.idle()
    assert.deepEqual([offers.standing.level, offers.standing.by], ['review', 'promotion'])
  })

  test('a segment has its own level and evidence, and else that of all', async (t) => {
    const segmentOf = (customer: string | null) => customer ?? 'all'
    const offers = await openOffers(t, { segmentOf, autonomy: { audits: NEVER } })
    await offers.give('auto')
    const big = { ...REMIT, segment: 'big' }
    const start = async (id: string) => {
      await offers.place.hf.start(offerWorkflow(), {} as never, { id, customer: 'big' })
      await offers.place.hf.idle()
      return offers.place.hf.reviews().find(({ run }) => run === id)
    }
    assert.equal(await start('b-1'), undefined)
    await offers.autonomy.set(big, { level: 'review' })
    const review = await start('b-2')
    assert.ok(review)
    await offers.answer(review)
    assert.equal(offers.autonomy.standing(big).reviews, 1)
    assert.equal(offers.standing.reviews, 0)
    assert.equal((await offers.start()).review, undefined)
    assert.equal(offers.autonomy.standing(big).ceiling, 'auto')
    await offers.autonomy.set(REMIT, { ceiling: 'off' })
    assert.deepEqual(
      [offers.autonomy.standing(big).ceiling, offers.autonomy.standing(big).level],
      ['off', 'off'],
    )
  })

  test('levels and names are checked', async (t) => {
    const offers = await openOffers(t)
    for (const what of ['level', 'ceiling'])
      await assert.rejects(offers.autonomy.set(REMIT, { [what]: 'full' }), { code: 'INPUT_INVALID' }, what)
    await assert.rejects(offers.autonomy.set({ ...REMIT, agent: ' ' }, { level: 'off' }), {
      code: 'INPUT_INVALID',
    })
  })
})

describe('the flag of a level', () => {
  const held = (serve: string) => ({
    version: 1 as const,
    flags: {
      'level.offer': {
        type: 'string' as const,
        variants: { off: 'off', review: 'review', auto: 'auto' },
        default: serve,
      },
    },
  })

  test('holds a level down at once, says so on record, and lifts none', async (t) => {
    const offers = await openOffers(t, { autonomy: { audits: NEVER }, flags: held('review') })
    await offers.give('auto')
    const { review } = await offers.start()
    assert.equal(review?.autonomy?.level, 'review')
    const ruling = offers.place.bodies(review?.run ?? '', 'review.requested')[0]?.autonomy as Record<
      string,
      unknown
    >
    const { name, variant, value, reason } = ruling.flag as Record<string, unknown>
    assert.deepEqual([name, variant, value, reason], ['level.offer', 'review', 'review', 'STATIC'])
    assert.deepEqual(
      countsOf(offers.place.hf.log.tables, 'level.offer').map((one) => [one.variant, one.reason, one.count]),
      [['review', 'STATIC', 1]],
    )
    assert.equal(offers.standing.level, 'auto', 'what was given stays given')
    await offers.place.reopen({ flags: held('auto') })
    assert.equal((await offers.start()).review, undefined)
    await offers.autonomy.set(REMIT, { level: 'review' })
    assert.equal((await offers.start()).review?.autonomy?.level, 'review', 'a flag hands nothing over')
  })

  test('switches an action off', async (t) => {
    const offers = await openOffers(t, { autonomy: { audits: NEVER }, flags: held('off') })
    await offers.give('auto')
    const { run, review } = await offers.start()
    assert.equal(review, undefined)
    assert.match(String(await offers.place.hf.run(run).result()), /switched off/)
    assert.deepEqual(offers.posted, [])
  })
})

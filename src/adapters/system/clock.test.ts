import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import { fasterClock, systemClock } from './clock.ts'

const DAY_MS = 86_400_000

/** Resolves with the time at which `clock` woke. */
function woken(clock: ReturnType<typeof systemClock>, atMs: number): Promise<number> {
  const hold = setInterval(() => {}, 1_000)
  return new Promise((resolve) => {
    clock.wakeAt(atMs, () => {
      clearInterval(hold)
      resolve(clock.now())
    })
  })
}

test('a timer never comes before its time', async () => {
  const clock = systemClock()
  for (let i = 0; i < 30; i++) {
    const at = clock.now() + 3
    assert.ok((await woken(clock, at)) >= at)
  }
})

test('a time that has passed wakes soon, but not within the call', async () => {
  const clock = systemClock()
  let returned = false
  const wakened = new Promise<boolean>((resolve) =>
    clock.wakeAt(clock.now() - DAY_MS, () => resolve(returned)),
  )
  returned = true
  const hold = setTimeout(() => {}, 5_000)
  assert.equal(await wakened, true)
  clearTimeout(hold)
})

test('a timer beyond 2^31 ms does not overflow into firing at once', async () => {
  const clock = systemClock()
  const warnings: string[] = []
  const onWarning = (warning: Error) => warnings.push(warning.name)
  process.on('warning', onWarning)
  const callOff = clock.wakeAt(clock.now() + 2 ** 31 + DAY_MS, () => warnings.push('fired'))
  await pause(30)
  callOff()
  process.off('warning', onWarning)
  assert.deepEqual(warnings, [])
})

test('a long timer comes on its day, whatever naps it takes until then', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 0 })
  let woke = 0
  systemClock().wakeAt(3 * DAY_MS, () => {
    woke++
  })
  t.mock.timers.tick(3 * DAY_MS - 1)
  assert.equal(woke, 0)
  t.mock.timers.tick(1)
  assert.equal(woke, 1)
  t.mock.timers.tick(DAY_MS)
  assert.equal(woke, 1)
})

test('a timer that was called off stays silent, also after its first nap', async () => {
  const clock = fasterClock({ factor: 1_000 })
  let fired = false
  const callOff = clock.wakeAt(clock.now() + 20_000, () => {
    fired = true
  })
  await pause(5)
  callOff()
  await pause(40)
  assert.equal(fired, false)
})

test('the faster clock starts at its anchor, and three days pass in a moment', async () => {
  const anchorMs = Date.UTC(2026, 0, 5, 9)
  const clock = fasterClock({ anchorMs, factor: 5_000_000 })
  const at = anchorMs + 3 * DAY_MS
  const began = Date.now()
  const woke = await woken(clock, at)
  assert.ok(woke >= at, `${woke} is before ${at}`)
  assert.ok(Date.now() - began < 30_000)
  assert.ok(Number.isInteger(clock.now()))
})

test('a waiting timer holds the process open until it wakes; one that was called off lets it go', async () => {
  const program = `
    import { systemClock } from ${JSON.stringify(new URL('./clock.ts', import.meta.url).href)}
    const clock = systemClock()
    clock.wakeAt(clock.now() + 3_600_000, () => {})()
    await new Promise((resolve) => clock.wakeAt(clock.now() + 50, () => resolve()))
    console.log('woken')`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], {
    timeout: 20_000,
  })
  assert.equal(stdout, 'woken\n')
})

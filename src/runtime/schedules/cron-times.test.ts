import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Cron } from 'croner'
import { CronTimes } from './cron-times.ts'

const DAY_MS = 86_400_000
const MIDNIGHT = Date.UTC(2026, 2, 1)

test('the last times are those within the bounds, in order, as many as asked for', () => {
  const hourly = new CronTimes('0 * * * *', 'UTC')
  const hours = (...numbers: number[]) => numbers.map((hour) => MIDNIGHT + hour * 3_600_000)
  assert.deepEqual(hourly.last(10, MIDNIGHT, MIDNIGHT + 3 * 3_600_000), hours(1, 2, 3))
  assert.deepEqual(hourly.last(2, MIDNIGHT, MIDNIGHT + DAY_MS), hours(23, 24))
  assert.deepEqual(hourly.last(100, MIDNIGHT, MIDNIGHT + DAY_MS - 1), hours(...Array(24).keys()).slice(1))
  assert.deepEqual(hourly.last(10, MIDNIGHT, MIDNIGHT), [])
  assert.deepEqual(hourly.last(10, MIDNIGHT + 1, MIDNIGHT + 2), [])
})

test('times that are long past are not computed to find the one that is due', (t) => {
  const computing = t.mock.method(Cron.prototype, 'previousRuns')
  const daily = new CronTimes('0 0 * * *', 'UTC')
  assert.deepEqual(daily.last(1_001, MIDNIGHT - DAY_MS, MIDNIGHT), [MIDNIGHT])
  const computed = computing.mock.calls.reduce((sum, { arguments: [count] }) => sum + Number(count), 0)
  assert.ok(computed <= 10, `${computed} times were computed`)
})

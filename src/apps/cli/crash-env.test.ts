import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { armCrashPoints, crashPoint } from '../../ports/crash-points.ts'
import { armFromEnvironment } from './crash-env.ts'

afterEach(() => armCrashPoints(null))

test('kills the process the nth time it reaches the point', (t) => {
  const kill = t.mock.method(process, 'kill', () => true)
  armFromEnvironment({ HOLDFAST_CRASH_AT: 'run.after-end:2' })
  crashPoint('run.before-end')
  crashPoint('run.after-end')
  assert.equal(kill.mock.callCount(), 0)
  crashPoint('run.after-end')
  assert.deepEqual(kill.mock.calls[0]?.arguments, [process.pid, 'SIGKILL'])
})

test('without a number it is the first time, and without a point never', (t) => {
  const kill = t.mock.method(process, 'kill', () => true)
  armFromEnvironment({})
  armFromEnvironment({ HOLDFAST_CRASH_AT: '' })
  crashPoint('run.after-end')
  assert.equal(kill.mock.callCount(), 0)
  armFromEnvironment({ HOLDFAST_CRASH_AT: 'run.after-end' })
  crashPoint('run.after-end')
  assert.equal(kill.mock.callCount(), 1)
})

for (const wanted of ['run.after', 'run.after-end:0', 'run.after-end:x', ':1', 'toString:1']) {
  test(`${wanted} is refused, so that no crash test passes without a crash`, () => {
    assert.throws(() => armFromEnvironment({ HOLDFAST_CRASH_AT: wanted }), { code: 'CONFIG_INVALID' })
  })
}

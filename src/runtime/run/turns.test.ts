import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nextTurn } from './turns.ts'

async function deep(awaits: number): Promise<void> {
  for (let i = 0; i < awaits; i += 1) await Promise.resolve()
}

test('a turn comes when all code that could go on rests, also where it was asked for in a tick', async () => {
  const order: string[] = []
  const over = Promise.withResolvers<void>()
  process.nextTick(() => {
    void deep(50).then(() => order.push('code'))
    nextTurn(() => {
      order.push('turn')
      void deep(50).then(() => order.push('its code'))
      nextTurn(() => {
        order.push('next turn')
        over.resolve()
      })
    })
  })
  await over.promise
  assert.deepEqual(order, ['code', 'turn', 'its code', 'next turn'])
})

test('what is asked for in one turn is done in the next, together and in order', async () => {
  const order: number[] = []
  for (let i = 0; i < 100; i += 1) nextTurn(() => order.push(i))
  await new Promise<void>((resolve) => nextTurn(resolve))
  assert.deepEqual(
    order,
    Array.from({ length: 100 }, (_, i) => i),
  )
})

test('turns without an end leave the event loop its own', async () => {
  let turns = 0
  let isOver = false
  const on = (): void => {
    turns += 1
    if (!isOver) nextTurn(on)
  }
  nextTurn(on)
  let rounds = 0
  for (; rounds < 5; rounds += 1) await new Promise((resolve) => setImmediate(resolve))
  isOver = true
  assert.ok(turns <= 500 * (rounds + 1), `${turns} turns in ${rounds} rounds`)
})

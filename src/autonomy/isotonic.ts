/** Isotonic regression by pooling adjacent violators (Ayer, Brunk, Ewing, Reid and Silverman, 1955). */
import type { Judged } from './reliability.ts'

interface Block {
  readonly from: number
  readonly to: number
  readonly count: number
  readonly right: number
}

/**
 * The map that never falls and lies nearest to the outcomes, by squares; straight between its blocks. Each block
 * has one outcome of either kind added, so that nothing is ever certain.
 */
export function fitIsotonic(outcomes: readonly Judged[]): (confidence: number) => number {
  const blocks: Block[] = []
  for (const next of tied(outcomes)) {
    let last = next
    for (
      let before = blocks.at(-1);
      before !== undefined && share(before) >= share(last);
      before = blocks.at(-1)
    ) {
      blocks.pop()
      last = {
        from: before.from,
        to: last.to,
        count: before.count + last.count,
        right: before.right + last.right,
      }
    }
    blocks.push(last)
  }
  const points = blocks.flatMap((block) => {
    const value = (block.right + 1) / (block.count + 2)
    return block.from === block.to
      ? [[block.from, value]]
      : [
          [block.from, value],
          [block.to, value],
        ]
  }) as [number, number][]
  const rising = upwards(points)
  return (confidence) => between(rising, confidence)
}

/** What was added to the blocks can let a small one fall below a large one before it. */
function upwards(points: readonly [number, number][]): [number, number][] {
  let highest = 0
  return points.map(([at, value]) => {
    highest = Math.max(highest, value)
    return [at, highest]
  })
}

function share({ right, count }: Block): number {
  return right / count
}

/** One block for each confidence that occurs, in order. */
function tied(outcomes: readonly Judged[]): Block[] {
  const byConfidence = Map.groupBy(outcomes, ({ confidence }) => confidence)
  return [...byConfidence]
    .map(([confidence, same]) => ({
      from: confidence,
      to: confidence,
      count: same.length,
      right: same.filter(({ right }) => right).length,
    }))
    .toSorted((a, b) => a.from - b.from)
}

function between(points: readonly [number, number][], at: number): number {
  const after = points.findIndex(([x]) => x >= at)
  const [, last = at] = points.at(-1) ?? []
  if (after === -1) return last
  const [x1, y1] = points[after] ?? [at, at]
  const [x0, y0] = points[after - 1] ?? [x1, y1]
  return x1 === x0 ? y1 : y0 + ((at - x0) / (x1 - x0)) * (y1 - y0)
}

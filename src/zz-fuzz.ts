import { mkdtempSync, rmSync } from 'node:fs'
import { z } from 'zod'
import { defineWorkflow } from './kernel/workflow.ts'
import { defineConnector } from './ports/connector.ts'
import { openHoldfast } from './sdk.ts'
import { verifyRun } from './runtime/replay.ts'
import { WorkflowRegistry } from './runtime/workflow-registry.ts'
const wait = (ms: number) => new Promise((r) => setTimeout(r, ms))
let seed = Number(process.argv[2] ?? 1)
const rnd = () => { seed = (seed * 1103515245 + 12345) % 2147483648; return seed / 2147483648 }
type Node = { t: string; n: string; ms: number; kids: Node[]; fail: boolean }
let id = 0
function gen(depth: number): Node {
  const inner = depth > 0 && rnd() < 0.6
  const t = inner ? ['seq', 'par', 'race', 'try'][Math.floor(rnd() * 4)]! : ['step', 'pure', 'timer', 'act', 'emit', 'wait', 'child', 'decide', 'review', 'now', 'same'][Math.floor(rnd() * 11)]!
  return { t, n: `${t}${id++}`, ms: Math.floor(rnd() * 6), fail: rnd() < 0.08, kids: inner ? Array.from({ length: 1 + Math.floor(rnd() * 4) }, () => gen(depth - 1)) : [] }
}
const dice = () => Math.random()
const conn = defineConnector({ name: 'c', operations: { go: { manifest: { effect: 'external' }, input: z.any(), output: z.any(), lookup: async () => ({ found: dice() < 0.5 ? 'yes' : 'no', output: 1 }) as any, perform: async (i: any) => { await wait(dice() * 4); if (dice() < 0.1) throw new Error('unclear'); return i } } } })
const child = defineWorkflow({ name: 'child', version: 1, input: z.any(), output: z.any(), run: async (ctx, i: any) => { await ctx.step('s', () => wait(dice() * 3)); if (i.fail) throw new Error('kid'); return i } })
async function exec(ctx: any, n: Node, trail: string[]): Promise<any> {
  const out = await (async () => {
    switch (n.t) {
      case 'seq': { const o = []; for (const k of n.kids) o.push(await exec(ctx, k, trail)); return o }
      case 'par': return await Promise.all(n.kids.map((k) => exec(ctx, k, trail)))
      case 'race': { const ps = n.kids.map((k) => exec(ctx, k, trail)); ps.forEach((p) => p.catch(() => {})); return await Promise.race(ps) }
      case 'try': return await Promise.allSettled(n.kids.map((k) => exec(ctx, k, trail))).then((r) => r.map((x: any) => x.status === 'fulfilled' ? x.value : String(x.reason.message)))
      case 'step': return await ctx.step(n.n, async () => { await wait(dice() * n.ms); if (n.fail) throw new Error('step ' + n.n); return n.ms }, { retry: { attempts: 2, firstDelay: 1 } })
      case 'pure': return await ctx.step(n.n, () => n.ms * 2, { pure: true })
      case 'timer': return await ctx.sleep(n.n, n.ms)
      case 'act': return await ctx.act(n.n, 'c.go', { v: n.ms })
      case 'emit': return await ctx.emit({ kind: 'k', key: String(n.ms), data: n.ms })
      case 'wait': return await ctx.waitFor('k', { key: String(n.ms), timeout: 8 })
      case 'child': return await ctx.call(n.n, child, { v: n.ms, fail: n.fail })
      case 'decide': return (await ctx.decide(n.n, { ask: 'q', material: {}, answer: z.any(), rules: () => ({ answer: n.ms, confidence: 1, reasons: [], source: 's' }) })).answer
      case 'review': return (await ctx.review(n.n, { action: 'a', summary: 's', reason: 'r', confidence: 1, proposal: { v: n.ms } })).verdict
      case 'same': return await ctx.sleep(n.ms)
      default: return [ctx.now(), ctx.random(), ctx.uuid()]
    }
  })()
  trail.push(n.n)
  return out
}
process.on('unhandledRejection', (e: any) => { console.log('unhandled', e.message) })
const N = Number(process.argv[3] ?? 50)
let bad = 0, ops = 0, unfinished = 0
for (let round = 0; round < N; round++) {
  id = 0
  const tree = gen(6)
  const wf = defineWorkflow({ name: 'w', version: 1, input: z.any(), output: z.any(), run: async (ctx) => { const trail: string[] = []; const o = await exec(ctx, tree, trail); return { o, trail: [...trail], now: ctx.now() } } })
  const dir = mkdtempSync('/tmp/hf/fuzz-')
  const open = () => openHoldfast({ dir, workflows: [wf, child], connectors: [conn], residentRuns: dice() < 0.5 ? 1 : 500 })
  let hf = await open()
  await hf.start(wf, {}, { id: 'r' })
  for (let i = 0; i < Number(process.argv[4] ?? 60); i++) {
    await wait(dice() * 3)
    for (const r of hf.reviews()) if (dice() < 0.7) await hf.answer(r.id, { verdict: 'approved' }).catch(() => {})
    if (dice() < 0.08) { await hf.close({ graceMs: dice() < 0.5 ? 0 : 50 }); hf = await open() }
    if (dice() < 0.01) await hf.cancel('r').catch(() => {})
    if (['completed', 'failed', 'cancelled'].includes(hf.run('r').status())) break
  }
  const rep = await verifyRun(hf.log, new WorkflowRegistry([wf, child]), 'r')
  ops += rep.operations; if (rep.verdict === 'unfinished') unfinished++
  if (rep.divergence) { bad++; console.log(round, hf.run('r').status(), JSON.stringify(rep.divergence).slice(0, 600)); if (process.env.DUMP) { console.log(JSON.stringify(tree)); for (const e of hf.log.readStream('run/r')) console.log(e.version, e.kind, JSON.stringify(e.body).slice(0, 140)) } }
  await hf.close({ graceMs: 0 })
  rmSync(dir, { recursive: true })
}
console.log({ N, bad, ops, unfinished })

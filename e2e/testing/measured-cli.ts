/**
 * The command line, with what it took told on stderr at the end as JSON: the most memory in MB, seconds.
 *
 *     node e2e/testing/measured-cli.ts ingest many.mbox --dir workspace
 */
import { keepHeapSmall } from '../../src/apps/cli/small-heap.ts'

keepHeapSmall()
const { main } = await import('../../src/apps/cli/program.ts')
const began = performance.now()
process.exitCode = await main(process.argv.slice(2), process.env)
const seconds = (performance.now() - began) / 1_000
process.stderr.write(`${JSON.stringify({ mostMb: process.resourceUsage().maxRSS / 1024, seconds })}\n`)

/** The command line. */
import { enableCompileCache } from 'node:module'
import { keepHeapSmall } from './small-heap.ts'

keepHeapSmall()
enableCompileCache()
const { main } = await import('./program.ts')
process.exitCode = await main(process.argv.slice(2), process.env)

/** `holdfast version` */
import type { VerbRun } from '../verb.ts'
import { VERSION } from '../version.ts'

export const version: VerbRun = async ({ out }) => {
  const { node, sqlite } = process.versions
  if (out.json) out.document({ holdfast: VERSION, node, sqlite })
  else out.text(`holdfast ${VERSION} (Node ${node}, SQLite ${sqlite})`)
  return 0
}

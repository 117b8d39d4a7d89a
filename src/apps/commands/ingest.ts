/** `ingest FILE…`: mail from .eml and mbox files, Maildirs, and folders of those. */
import { z } from 'zod'
import { readMailFiles } from '../../mail/files.ts'
import { countWaitingReviews } from '../../runtime/reviews/review-index.ts'
import { type IncomingMail, type TakenIn, takeIn } from '../mail-in.ts'
import { workspaceCommand } from './command.ts'
import { playbookNotes } from './operator-notes.ts'

export interface Ingested extends TakenIn {
  /** Reviews that wait now, whatever they came from. */
  readonly reviews: number
}

export const ingest = workspaceCommand({
  name: 'ingest',
  /** Absolute paths. */
  params: z.strictObject({ files: z.array(z.string()).min(1) }),
  advances: true,
  async run(workspace, { files }, io): Promise<Ingested> {
    for (const note of playbookNotes(workspace)) io.note(note)
    const taken = await takeIn(workspace, mailsIn(files), io)
    return { ...taken, reviews: countWaitingReviews(workspace.log.tables) }
  },
})

async function* mailsIn(files: readonly string[]): AsyncGenerator<IncomingMail> {
  const tooLarge: IncomingMail[] = []
  const onSkipped = ({ ref, error }: { ref: string; error: Error }): void => {
    tooLarge.push(incoming(ref, () => Promise.reject(error)))
  }
  for await (const { ref, raw } of readMailFiles(files, { onSkipped })) {
    yield* tooLarge.splice(0)
    yield incoming(ref, () => Promise.resolve(raw))
  }
  yield* tooLarge
}

function incoming(ref: string, read: () => Promise<Uint8Array>): IncomingMail {
  return { ref, channel: 'file', read, acknowledge: async () => {} }
}

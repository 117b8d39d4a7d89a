/**
 * What is on the disk right after each commit, as copies that can be opened: each is what a process that died
 * there, before anybody was told, would have left.
 */
import { copyFileSync, existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { LOG_FILE } from '../../adapters/sqlite/place.ts'
import type { Holdfast } from '../../runtime/holdfast.ts'

/** Copies into folders of `into` from now on; the folders, growing with every commit, the oldest first. */
export function recordCrashImages(hf: Holdfast, dir: string, into: string): readonly string[] {
  const images: string[] = []
  hf.log.onCommit(() => {
    const image = join(into, String(images.length + 1))
    mkdirSync(image, { recursive: true })
    for (const file of [LOG_FILE, `${LOG_FILE}-wal`]) {
      if (existsSync(join(dir, file))) copyFileSync(join(dir, file), join(image, file))
    }
    images.push(image)
  })
  return images
}

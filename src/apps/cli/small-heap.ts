/**
 * The process is a guest on the operator's machine, for days. V8 would rather use memory than collect
 * garbage: told to collect earlier, taking in 10,000 mails peaks at 255 MB instead of 460, and takes about a
 * tenth longer.
 */
import { setFlagsFromString } from 'node:v8'

export function keepHeapSmall(): void {
  setFlagsFromString('--heap-growing-percent=30')
  setFlagsFromString('--semi-space-growth-factor=1')
}

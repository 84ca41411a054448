import { setTimeout as sleep } from 'node:timers/promises'
import type { MemoryReport } from '../../interop/yggdrasil/go-node.js'

/** What this process holds after forced collections. The heap is JavaScript's, with the buffers that hang on it. */
export async function residentMemory(): Promise<MemoryReport> {
  // Several turns and collections, so that finished handshakes and their native parts are really gone.
  for (let i = 0; i < 5; i++) {
    globalThis.gc?.()
    await sleep(40)
  }
  const { rss, heapUsed, external } = process.memoryUsage()
  return { residentBytes: rss, heapBytes: heapUsed + external }
}

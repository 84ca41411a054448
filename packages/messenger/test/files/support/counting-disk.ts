import type { Disk } from '../../../src/files/disk.js'
import { nodeDisk } from '../../../src/platform/node/disk.js'

/** The disk of this machine, and how many bytes went either way. */
export interface CountingDisk extends Disk {
  readBytes: number
  writtenBytes: number
  /** Called when either has changed. */
  onMoved: () => void
}

export function countingDisk(): CountingDisk {
  const disk: CountingDisk = {
    ...nodeDisk,
    readBytes: 0,
    writtenBytes: 0,
    onMoved: () => {},
    async open(path, how) {
      const file = await nodeDisk.open(path, how)
      return {
        async read(...args) {
          const result = await file.read(...args)
          disk.readBytes += result.bytesRead
          disk.onMoved()
          return result
        },
        async write(...args) {
          const result = await file.write(...args)
          disk.writtenBytes += result.bytesWritten
          disk.onMoved()
          return result
        },
        stat: () => file.stat(),
        truncate: (sizeBytes) => file.truncate(sizeBytes),
        datasync: () => file.datasync(),
        close: () => file.close(),
      }
    },
  }
  return disk
}

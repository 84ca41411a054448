import type { Disk, DiskFile } from '../../../src/files/disk.js'
import { nodeDisk } from '../../../src/platform/node/disk.js'

/** What can be made to fail: calls of the disk, and of its open files. */
export type Call = keyof Disk | 'write' | 'datasync' | 'truncate' | 'readFile' | 'close'

/** The disk of this machine, until told otherwise. */
export interface BreakableDisk extends Disk {
  /** What this call says from now on, for paths that `matches` likes; `undefined` for "works again". */
  fail(call: Call, code: string | undefined, matches?: (path: string) => boolean): void
  /** Every call so far. */
  readonly calls: { readonly call: Call; readonly path: string }[]
  /** Free bytes that it claims. */
  free: number | undefined
  /** Number of the file system that it claims for paths that start so. */
  readonly devices: Map<string, number>
  /** Bytes after which writing fails with ENOSPC. */
  roomBytes: number
  readonly openFiles: Set<DiskFile>
}

export function systemError(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: said the test, '${path}'`), { code, path, syscall: 'test' })
}

export function breakableDisk(): BreakableDisk {
  const broken = new Map<Call, { code: string; matches: (path: string) => boolean }>()
  const openFiles = new Set<DiskFile>()
  const calls: { call: Call; path: string }[] = []

  const check = (call: Call, path: string): void => {
    calls.push({ call, path })
    const fault = broken.get(call)
    if (fault?.matches(path)) throw systemError(fault.code, path)
  }

  const open = async (path: string, how: 'create' | 'update' | 'read' | 'source'): Promise<DiskFile> => {
    check('open', path)
    const file = await nodeDisk.open(path, how)
    const wrapped: DiskFile = {
      async read(...args) {
        check('readFile', path)
        return file.read(...args)
      },
      async write(bytes, offset, length, position) {
        check('write', path)
        const bytesWritten = Math.min(length, disk.roomBytes)
        if (bytesWritten === 0 && length > 0) throw systemError('ENOSPC', path)
        disk.roomBytes -= bytesWritten
        return file.write(bytes, offset, bytesWritten, position)
      },
      async stat() {
        return file.stat()
      },
      async truncate(sizeBytes) {
        check('truncate', path)
        await file.truncate(sizeBytes)
      },
      async datasync() {
        check('datasync', path)
        await file.datasync()
      },
      async close() {
        openFiles.delete(wrapped)
        check('close', path)
        await file.close()
      },
    }
    openFiles.add(wrapped)
    return wrapped
  }

  const checked =
    <Args extends [string, ...unknown[]], T>(call: Call, work: (...args: Args) => Promise<T>) =>
    async (...args: Args): Promise<T> => {
      check(call, String(args.at(-1)))
      return work(...args)
    }

  const withDevice =
    (call: Call, work: Disk['find']): Disk['find'] =>
    async (path) => {
      check(call, path)
      const found = await work(path)
      const device = [...disk.devices].find(([prefix]) => path.startsWith(prefix))?.[1]
      return found && device !== undefined
        ? { size: found.size, dev: device, isFile: () => found.isFile(), isDirectory: () => found.isDirectory() }
        : found
    }

  const disk: BreakableDisk = {
    fail(call, code, matches = () => true) {
      if (code === undefined) broken.delete(call)
      else broken.set(call, { code, matches })
    },
    calls,
    free: undefined,
    devices: new Map(),
    roomBytes: Number.POSITIVE_INFINITY,
    openFiles,
    open,
    copy: checked('copy', nodeDisk.copy),
    link: checked('link', nodeDisk.link),
    rename: checked('rename', nodeDisk.rename),
    remove: checked('remove', nodeDisk.remove),
    find: withDevice('find', nodeDisk.find),
    findName: withDevice('findName', nodeDisk.findName),
    makeFolder: checked('makeFolder', nodeDisk.makeFolder),
    checkWritable: checked('checkWritable', nodeDisk.checkWritable),
    list: checked('list', nodeDisk.list),
    syncFolder: checked('syncFolder', nodeDisk.syncFolder),
    async freeBytes(folder) {
      return disk.free ?? nodeDisk.freeBytes(folder)
    },
  }
  return disk
}

import { constants, openAsBlob } from 'node:fs'
import * as fs from 'node:fs/promises'
import { dirname } from 'node:path'
import { type Disk, errnoOf, isMissing } from '../../files/disk.js'

// Windows has no such flag, and no symbolic links that every user could make.
const NO_LINK = constants.O_NOFOLLOW ?? 0

const FLAGS = {
  create: constants.O_CREAT | constants.O_EXCL | constants.O_RDWR | NO_LINK,
  update: constants.O_RDWR | NO_LINK,
  read: constants.O_RDONLY | NO_LINK,
  source: constants.O_RDONLY,
} as const

/** The file system of this machine. */
export const nodeDisk: Disk = {
  open: (path, how) => fs.open(path, FLAGS[how], 0o600),
  async copy(from, to) {
    await fs.copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
    // A copy has the mode of what it was made of.
    await fs.chmod(to, 0o600)
  },
  link: (from, to) => fs.link(from, to),
  rename: (from, to) => fs.rename(from, to),
  remove: (path) => fs.rm(path, { force: true }),
  find: (path) => orNothing(fs.stat(path)),
  findName: (path) => orNothing(fs.lstat(path)),
  makeFolder,
  checkWritable: (folder) => fs.access(folder, constants.W_OK | constants.X_OK),
  list: async (folder) => (await orNothing(fs.readdir(folder))) ?? [],
  syncFolder,
  async freeBytes(folder) {
    try {
      const { bavail, bsize } = await fs.statfs(folder)
      return bavail * bsize
    } catch {
      return undefined
    }
  },
  blob: (path) => openAsBlob(path),
}

/** Level by level: Node's own way never ends where the system makes no folders, and says nothing to the disk. */
async function makeFolder(path: string): Promise<void> {
  if ((await orNothing(fs.stat(path)))?.isDirectory()) return
  if (dirname(path) !== path) await makeFolder(dirname(path))
  try {
    await fs.mkdir(path, { mode: 0o700 })
  } catch (cause) {
    // Somebody else may have made it at the same moment.
    if (errnoOf(cause) !== 'EEXIST' || !(await fs.stat(path)).isDirectory()) throw cause
  }
  await syncFolder(dirname(path))
}

async function syncFolder(folder: string): Promise<void> {
  // Windows cannot open folders and does without.
  if (process.platform === 'win32') return
  const handle = await fs.open(folder, constants.O_RDONLY)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function orNothing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work
  } catch (cause) {
    if (isMissing(cause)) return undefined
    throw cause
  }
}

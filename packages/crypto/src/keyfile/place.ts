import { randomBytes } from 'node:crypto'
import { closeSync, constants, fsyncSync, linkSync, openSync, unlinkSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'

/** For the owner alone, to read and to write. */
const MODE = 0o600

/**
 * Put a new file in its place, whole or not at all, and on the disk when this returns. A file of that name is left as
 * it is, also when it appears at the same moment: a hard link, unlike a rename, fails on one.
 * @param link - for the test of file systems that have no hard links
 * @throws the error of the system: EEXIST when the name is taken
 */
export function placeNewFile(path: string, content: Uint8Array, link: typeof linkSync = linkSync): void {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`
  writeNewFile(temporary, content)
  try {
    linkOrWrite(temporary, path, content, link)
  } finally {
    unlinkSync(temporary)
  }
  syncDirectory(dirname(path))
}

function linkOrWrite(temporary: string, path: string, content: Uint8Array, link: typeof linkSync): void {
  try {
    link(temporary, path)
  } catch (error) {
    if (!hasNoHardLinks(error)) throw error
    // Here a power cut may leave a short file, which reading refuses; it still never overwrites.
    writeNewFile(path, content)
  }
}

/** What FAT, some network file systems and sandboxes answer. */
function hasNoHardLinks(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code ?? ''
  return ['EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'EINVAL', 'EMLINK', 'EACCES'].includes(code)
}

function writeNewFile(path: string, content: Uint8Array): void {
  const file = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, MODE)
  try {
    for (let offset = 0; offset < content.length; ) offset += writeSync(file, content, offset)
    fsyncSync(file)
  } catch (error) {
    unlinkSync(path)
    throw error
  } finally {
    closeSync(file)
  }
}

/** Makes the new name itself survive a power cut, where the system can. */
function syncDirectory(path: string): void {
  let directory: number
  try {
    directory = openSync(path, constants.O_RDONLY)
  } catch {
    return // Windows opens no directories.
  }
  try {
    fsyncSync(directory)
  } catch {
    // Nor do some file systems sync them.
  } finally {
    closeSync(directory)
  }
}

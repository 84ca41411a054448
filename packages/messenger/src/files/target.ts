import { dirname, join, resolve, sep } from '#platform'
import type { FilesContext } from './context.js'
import { badFile, withFile } from './file-error.js'

/**
 * Where a download is to go, as an absolute path: a file, or with a separator at the end a folder. Found out when it is
 * asked for, so that the answer is there at once, and the current folder of the process does not matter later.
 * @throws {MessengerError} `file` when there is no such folder, or nothing can be put into it
 */
export async function resolveTarget({ disk, places }: FilesContext, to: string | undefined): Promise<string> {
  if (to === undefined) return places.downloads
  const path = resolve(to)
  const found = await withFile('use', path, () => disk.find(path))
  const namesFolder = found?.isDirectory() ?? (to.endsWith('/') || to.endsWith(sep))
  const folder = namesFolder ? path : dirname(path)
  const inside = namesFolder ? found : await withFile('use', folder, () => disk.find(folder))
  if (inside === undefined) throw badFile('put a file into', folder, 'there is no such folder', 'make it first')
  if (!inside.isDirectory()) throw badFile('put a file into', folder, 'it is no folder', 'choose another place')
  await withFile('put a file into', folder, () => disk.checkWritable(folder))
  return namesFolder ? join(path, sep) : path
}

/** Whether a target of {@link resolveTarget} is a folder. */
export function isFolder(target: string): boolean {
  return target.endsWith(sep)
}

/** The file that a target of {@link resolveTarget} means. @param name - safe, for a folder */
export function targetFile(target: string, name: string): string {
  return isFolder(target) ? join(target, name) : target
}

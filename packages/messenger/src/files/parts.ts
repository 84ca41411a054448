import { dirname } from '#platform'
import { isFull } from '../store-access.js'
import type { FilesContext } from './context.js'
import type { Landing } from './landing.js'
import { plainPathOf } from './places.js'
import { isFolder } from './target.js'

/**
 * Remove the temporary files of a download. What cannot be removed is said, and removed at the next start, if the store does
 * not know it any more.
 * @param partPath - as in the store
 * @param storedTarget - where the file was to be, as in the store
 */
export async function removeParts(
  { places, disk, report }: FilesContext,
  landing: Landing,
  partPath: string,
  storedTarget: string,
): Promise<void> {
  if (partPath === '') return
  const part = places.real(partPath)
  const target = storedTarget === '' ? places.downloads : places.real(storedTarget)
  const folder = isFolder(target) ? target : dirname(target)
  for (const left of new Set([part, plainPathOf(part)])) {
    await landing.clean(left, folder).catch(report)
    await disk.remove(left).catch(report)
  }
}

/** @param stored - a path as in the store; empty for none. What cannot be removed is said. */
export async function removeStored({ places, disk, report }: FilesContext, stored: string): Promise<void> {
  if (stored !== '') await disk.remove(places.real(stored)).catch(report)
}

/**
 * Delete a message, then its files; where there is no room even for that, the files go first and make some. If that is not
 * enough, the message stays without them.
 */
export async function removeThenFiles<T>(remove: () => Promise<T>, removeFiles: () => Promise<void>): Promise<T> {
  try {
    const removed = await remove()
    await removeFiles()
    return removed
  } catch (cause) {
    if (!isFull(cause)) throw cause
    await removeFiles()
    return remove()
  }
}

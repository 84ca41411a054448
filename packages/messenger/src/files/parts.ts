import { dirname } from '#platform'
import type { FilesContext } from './context.js'
import type { Landing } from './landing.js'
import { plainPathOf } from './places.js'
import { isFolder } from './target.js'

/**
 * Remove the temporary files of a download. What cannot be removed is said, and removed at the next start.
 * @param partPath - as in the store, which does not know it any more
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

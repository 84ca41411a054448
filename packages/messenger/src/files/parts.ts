import type { FilesContext } from './context.js'
import type { Landing } from './landing.js'
import { plainPathOf } from './places.js'

/**
 * Remove the temporary files of a download. What cannot be removed is said, and removed at the next start.
 * @param partPath - as in the store, which does not know it any more
 * @param target - where the file was to be
 */
export async function removeParts(
  { places, disk, report }: FilesContext,
  landing: Landing,
  partPath: string,
  target: string,
): Promise<void> {
  if (partPath === '') return
  const part = places.real(partPath)
  for (const left of new Set([part, plainPathOf(part)])) {
    await landing.clean(left, target).catch(report)
    await disk.remove(left).catch(report)
  }
}

import { basename, join } from '#platform'
import type { FileState, StoredFile } from '../store.js'
import type { FilesContext } from './context.js'
import { withFile } from './file-error.js'
import { isOurName } from './places.js'

/**
 * Remove temporary files and copies that no row of the store points to: what a process was about when it ended. To be
 * called before anything new is begun. What we have not named is left alone, except on a disk that is ours alone.
 */
export async function removeOrphans(context: FilesContext): Promise<void> {
  const { places } = context
  // The states that may be many are asked for last, and only if there is something left to explain.
  await sweep(context, places.in, isOurName, ['wanted', 'known'], ({ partPath }) => partPath)
  await sweep(context, places.out, isOurName, ['preparing', 'offered'], ({ path }) => path)
  await removeOrphanDownloads(context)
}

/**
 * On a disk that nobody else sees, remove downloads whose messages are gone. At any time: of one that is under way, the row
 * names the place before anything is there.
 */
export async function removeOrphanDownloads(context: FilesContext): Promise<void> {
  const { disk, places } = context
  if (!disk.isPrivate) return
  await sweep(
    context,
    places.downloads,
    () => true,
    ['wanted', 'complete'],
    ({ path }) => path,
  )
}

async function sweep(
  { disk, store, places, report }: FilesContext,
  folder: string,
  mayGo: (name: string) => boolean,
  states: readonly FileState[],
  pathOf: (file: StoredFile) => string,
): Promise<void> {
  const names = await withFile('read', folder, () => disk.list(folder))
  const orphans = new Set(names.filter(mayGo))
  for (const state of states) {
    if (orphans.size === 0) return
    for (const file of await store.files(state)) {
      const path = pathOf(file)
      if (path !== '' && join(folder, basename(path)) === places.real(path)) orphans.delete(basename(path))
    }
  }
  for (const name of orphans) await disk.remove(join(folder, name)).catch(report)
}

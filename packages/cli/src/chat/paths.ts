import { readdir } from 'node:fs/promises'
import { homedir } from 'node:os'
import { basename, dirname, resolve, sep } from 'node:path'

/** Names that are shown when a path could become several things. */
const MAX_HINTS = 40

/** `~` is the home folder, and paths are relative to where the program was started. */
export function expandPath(text: string, cwd: string): string {
  const typed = text.trim()
  const path = typed === '~' ? homedir() : typed.startsWith('~/') ? `${homedir()}${typed.slice(1)}` : typed
  return resolve(cwd, path)
}

/**
 * What a path that was typed in part can become: as much as is certain, and the names that fit when that is not one.
 * @param text - as it was typed, and as it comes back
 */
export async function completePath(text: string, cwd: string): Promise<{ text: string; hints: string[] }> {
  if (text === '~') return { text: '~/', hints: [] }
  const isFolder = text === '' || text.endsWith('/') || text.endsWith(sep)
  const folder = isFolder ? expandPath(text === '' ? '.' : text, cwd) : dirname(expandPath(text, cwd))
  const start = isFolder ? '' : basename(text)
  let found: { name: string; isFolder: boolean }[]
  try {
    const all = await readdir(folder, { withFileTypes: true })
    found = all
      .filter(({ name }) => name.startsWith(start) && (start.startsWith('.') || !name.startsWith('.')))
      .map((item) => ({ name: item.name, isFolder: item.isDirectory() }))
      .sort((a, b) => (a.name < b.name ? -1 : 1))
  } catch {
    return { text, hints: ['there is no such folder'] }
  }
  const [only] = found
  if (only === undefined) return { text, hints: ['nothing is called so'] }
  const prefix = text.slice(0, text.length - start.length)
  if (found.length === 1) return { text: `${prefix}${only.name}${only.isFolder ? '/' : ''}`, hints: [] }
  const names = found.map(({ name, isFolder: folder_ }) => (folder_ ? `${name}/` : name))
  return { text: prefix + shared(found.map(({ name }) => name)), hints: names.slice(0, MAX_HINTS) }
}

/** The longest start that all have. */
function shared(names: readonly string[]): string {
  const [first = '', ...others] = names
  let length = first.length
  for (const other of others) while (!other.startsWith(first.slice(0, length))) length--
  return first.slice(0, length)
}

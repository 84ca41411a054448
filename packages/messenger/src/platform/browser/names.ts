import { systemError } from './contents.js'
import { done } from './database.js'
import { dirname, sep } from './paths.js'

/** What a name leads to: a file by its number, or a folder. Whatever has a name has all folders above it. */
export interface Name {
  /** Path of the folder; names are listed by it. */
  readonly folder: string
  readonly inode: number | undefined
}

/** @returns what has this name; `undefined` when nothing has */
export async function nameAt(names: IDBObjectStore, path: string): Promise<Name | undefined> {
  if (path === sep) return { folder: '', inode: undefined }
  return done(names.get(path) as IDBRequest<Name | undefined>)
}

/** @returns the number of the file that has this name */
export async function fileOf(names: IDBObjectStore, path: string): Promise<number> {
  const found = await nameAt(names, path)
  if (found === undefined) throw systemError('ENOENT', `there is nothing at ${path}`)
  if (found.inode === undefined) throw isFolder(path)
  return found.inode
}

/** With the folders above it. */
export async function addName(names: IDBObjectStore, path: string, inode: number): Promise<void> {
  if ((await nameAt(names, path)) !== undefined) throw systemError('EEXIST', `there is something at ${path}`)
  const folder = dirname(path)
  await addFolder(names, folder)
  names.put({ folder, inode } satisfies Name, path)
}

/** With those above it; nothing happens when it is there. */
export async function addFolder(names: IDBObjectStore, path: string): Promise<void> {
  const found = await nameAt(names, path)
  if (found?.inode !== undefined) throw systemError('EEXIST', `${path} is a file`)
  if (found !== undefined) return
  const folder = dirname(path)
  await addFolder(names, folder)
  names.put({ folder, inode: undefined } satisfies Name, path)
}

/** The failure of what only files can do. */
export function isFolder(path: string): Error {
  return systemError('EISDIR', `${path} is a folder`)
}

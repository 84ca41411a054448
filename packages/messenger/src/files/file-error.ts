import { isMessengerError, MessengerError } from '../error.js'
import { errnoOf } from './disk.js'

/** What the system says in capitals: in words, and what to do about it. */
const REASONS: Readonly<Record<string, readonly [says: string, todo: string]>> = {
  ENOENT: ['it does not exist', 'check the path'],
  ENOTDIR: ['a part of the path is not a folder', 'check the path'],
  EISDIR: ['it is a folder', 'name a file'],
  EACCES: ['permission denied', 'allow this program to use it, or choose another place'],
  EPERM: ['the system does not permit it', 'allow this program to use it, or choose another place'],
  EROFS: ['the file system is read-only', 'choose another place'],
  ENOSPC: ['the disk is full', 'free some space'],
  EDQUOT: ['the disk quota is used up', 'free some space'],
  EFBIG: ['the file system takes no file of this size', 'choose another place'],
  EIO: ['the disk reports an error', 'check the disk'],
  ELOOP: ['it is a symbolic link', 'put the file itself there'],
  ENAMETOOLONG: ['the name is too long', 'choose a shorter one'],
  EMFILE: ['too many open files', 'allow this process more of them'],
  ENFILE: ['too many open files', 'close other programs'],
  EEXIST: ['there is something already', 'choose another name'],
}

/**
 * What went wrong with a file, as one sentence: what was tried, where, why not, and what to do.
 * @param trying - a verb, for example `read`
 */
export function fileError(trying: string, path: string, cause: unknown): MessengerError {
  if (isMessengerError(cause)) return cause
  const reason = REASONS[errnoOf(cause) ?? '']
  const why = reason ? `${reason[0]}; ${reason[1]}` : cause instanceof Error ? cause.message : String(cause)
  return new MessengerError('file', `cannot ${trying} ${path}: ${why}`, { cause })
}

/** As {@link fileError}, for what no call to the system failed at. */
export function badFile(trying: string, path: string, says: string, todo: string): MessengerError {
  return new MessengerError('file', `cannot ${trying} ${path}: ${says}; ${todo}`)
}

/** Do it; what it rejects with becomes a {@link fileError}. */
export async function withFile<T>(trying: string, path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    throw fileError(trying, path, cause)
  }
}

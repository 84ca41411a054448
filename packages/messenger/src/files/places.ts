import { isAbsolute, join, relative, resolve, sep } from '#platform'

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567'
const NAME_LENGTH = 24
const OURS = /^[a-z2-7]{24}(?:\.part|\.plain)?$/

/**
 * Where files are. In the store a path inside the messenger's folder is relative to it, so that the folder can be moved.
 */
export class Places {
  /** Copies of what we send. */
  readonly out: string
  /** What has come of what we fetch. */
  readonly in: string
  /** What is complete, if the user names no other place. */
  readonly downloads: string
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = resolve(folder)
    this.out = join(this.#folder, 'files', 'out')
    this.in = join(this.#folder, 'files', 'in')
    this.downloads = join(this.#folder, 'downloads') + sep
  }

  /** An absolute path from the store. A folder ends with a separator, there and here. */
  real(stored: string): string {
    return isAbsolute(stored) ? stored : join(this.#folder, stored)
  }

  /** An absolute path for the store. */
  stored(path: string): string {
    const inside = relative(this.#folder, path)
    if (inside === '' || inside.startsWith('..') || isAbsolute(inside)) return path
    // A folder moves between systems as well.
    return (path.endsWith(sep) ? `${inside}${sep}` : inside).split(sep).join('/')
  }
}

/** A name that nobody guesses. @param random - strong random bytes */
export function randomName(random: (byteLength: number) => Uint8Array): string {
  return Array.from(random(NAME_LENGTH), (byte) => ALPHABET[byte % ALPHABET.length]).join('')
}

/** Where a file is decrypted to, beside its encrypted form. */
export function plainPathOf(partPath: string): string {
  return partPath.replace(/\.part$/, '.plain')
}

/** Whether we may have given this name: nothing else in our folders is ever deleted. */
export function isOurName(name: string): boolean {
  return OURS.test(name)
}

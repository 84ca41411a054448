import { readFileSync } from 'node:fs'
import { isRendezvousError, type RendezvousErrorCode } from '../../../src/error.js'

/** By another name: a bundler would look for what is written before `import.meta.url`. */
const { url: here } = import.meta

/** A published file of vectors under vectors/. */
export function vectors<T>(file: string): readonly T[] {
  return JSON.parse(readFileSync(new URL(`../../../../../vectors/${file}`, here), 'utf8')) as readonly T[]
}

/** The code of the RendezvousError that `work` throws; `undefined` when it throws nothing. */
export function codeOf(work: () => unknown): RendezvousErrorCode | undefined {
  try {
    work()
    return undefined
  } catch (error) {
    if (isRendezvousError(error)) return error.code
    throw error
  }
}

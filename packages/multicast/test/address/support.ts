import { readFileSync } from 'node:fs'
import { isMulticastError, type MulticastErrorCode } from '../../src/error.js'

/** By another name: a bundler would look for what is written before `import.meta.url`. */
const { url: here } = import.meta

/** A published file of vectors under vectors/. */
export function vectors<T>(file: string): readonly T[] {
  return JSON.parse(readFileSync(new URL(`../../../../vectors/${file}`, here), 'utf8')) as readonly T[]
}

/** The MulticastError that `work` throws, as `code: message`; `undefined` when it throws nothing. */
export function failureOf(work: () => unknown): string | undefined {
  try {
    work()
    return undefined
  } catch (error) {
    if (isMulticastError(error)) return `${error.code}: ${error.message}`
    throw error
  }
}

/** The code alone. */
export function codeOf(work: () => unknown): MulticastErrorCode | undefined {
  return failureOf(work)?.split(':')[0] as MulticastErrorCode | undefined
}

import type { Generation } from '@mimirjs/wire'

/** One case of a vector file; the format is described in vectors/README.md and vectors/schema.json. */
export interface Vector {
  readonly name: string
  readonly codec: string
  /** The encoded form; codecs of text have it in `text` instead. */
  readonly hex?: string
  readonly text?: string
  readonly value?: unknown
  readonly result: 'valid' | 'invalid' | 'lenient'
  /** For `invalid`: code of the expected error. */
  readonly error?: string | undefined
  readonly generation?: Generation
}

const RESULTS: readonly unknown[] = ['valid', 'invalid', 'lenient']
const GENERATIONS: readonly unknown[] = [undefined, 'classic', 'overlay', 'current']

/**
 * The cases of a parsed vector file: a list, one case alone, or an object with a list under `vectors`.
 * @throws {Error} when it is something else
 */
export function casesOf(file: unknown): readonly unknown[] {
  if (Array.isArray(file)) return file as unknown[]
  if (isObject(file) && Array.isArray(file.vectors)) return file.vectors as unknown[]
  if (isObject(file) && 'codec' in file) return [file]
  throw new Error('expected a list of vectors')
}

/** The vector that a case is. @throws {Error} naming the member that is wrong */
export function asVector(value: unknown): Vector {
  if (!isObject(value)) throw new Error(`expected an object, got ${JSON.stringify(value)}`)
  for (const member of ['name', 'codec']) {
    if (typeof value[member] !== 'string')
      throw new Error(`${member}: expected a text, got ${JSON.stringify(value[member])}`)
  }
  for (const member of ['hex', 'text', 'error']) {
    if (value[member] !== undefined && typeof value[member] !== 'string') throw new Error(`${member}: expected a text`)
  }
  if (!RESULTS.includes(value.result))
    throw new Error(`result: expected valid, invalid or lenient, got ${JSON.stringify(value.result)}`)
  if (!GENERATIONS.includes(value.generation)) {
    throw new Error(`generation: expected classic, overlay or current, got ${JSON.stringify(value.generation)}`)
  }
  return value as unknown as Vector
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

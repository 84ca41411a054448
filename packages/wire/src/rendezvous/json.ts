import { WireError, type WireErrorCode } from '../error.js'
import { b64uLength, decodeB64u, isB64u } from './base64url.js'

/** What a frame is and which code its errors have: frames and bodies share the readers below. */
export interface JsonContext {
  readonly code: Extract<WireErrorCode, 'frame' | 'body'>
  /** For messages: `frame auth`, `body of an offer`. */
  readonly what: string
}

/** A JSON object; its members are not trusted in any way. */
export type JsonObject = Readonly<Record<string, unknown>>

/** The members of one received object, each read with the check that the schema asks for (rendezvous protocol B13). */
export class Members {
  readonly #object: JsonObject
  readonly #context: JsonContext

  constructor(object: JsonObject, context: JsonContext) {
    this.#object = object
    this.#context = context
  }

  /** @throws {WireError} unless the member is this number */
  one(name: string): void {
    if (this.#object[name] !== 1) throw this.#refused(name, '1')
  }

  /** @throws {WireError} unless the member is the text of so many bytes */
  bytes(name: string, sizeBytes: number): Uint8Array {
    const value = this.#object[name]
    if (typeof value !== 'string' || value.length !== b64uLength(sizeBytes) || !isB64u(value)) {
      throw this.#refused(name, `base64url of ${sizeBytes} bytes`)
    }
    return decodeB64u(value, sizeBytes)
  }

  /** @throws {WireError} unless the member is an integer from 0 to `max` */
  uint(name: string, max: number, min = 0): number {
    const value = this.#object[name]
    if (!isUint(value, max) || value < min) throw this.#refused(name, `an integer from ${min} to ${max}`)
    return value + 0 // a negative zero becomes one
  }

  /** @throws {WireError} unless the member is a text of at most `maxLength` code units */
  text(name: string, maxLength: number, minLength = 0): string {
    const value = this.#object[name]
    if (typeof value !== 'string' || value.length > maxLength || value.length < minLength) {
      throw this.#refused(name, `a text of ${minLength} to ${maxLength} characters`)
    }
    return value
  }

  /** @throws {WireError} unless the member is a text of this pattern */
  matching(name: string, pattern: RegExp, expected: string): string {
    const value = this.#object[name]
    if (typeof value !== 'string' || !pattern.test(value)) throw this.#refused(name, expected)
    return value
  }

  /** @throws {WireError} unless the member is one of these */
  oneOf<const Value extends string>(name: string, values: readonly Value[]): Value {
    const value = values.find((candidate) => candidate === this.#object[name])
    if (value === undefined) throw this.#refused(name, `one of ${values.join(', ')}`)
    return value
  }

  /** @throws {WireError} unless the member is true or false */
  boolean(name: string): boolean {
    const value = this.#object[name]
    if (typeof value !== 'boolean') throw this.#refused(name, 'true or false')
    return value
  }

  /** @throws {WireError} unless the member is a list of at most `maxLength` objects */
  objects(name: string, maxLength: number): readonly JsonObject[] {
    const value = this.#object[name]
    if (!Array.isArray(value) || value.length > maxLength || !value.every(isObject)) {
      throw this.#refused(name, `a list of at most ${maxLength} objects`)
    }
    return value
  }

  /** @throws {WireError} unless the member is an object */
  object(name: string): JsonObject {
    const value = this.#object[name]
    if (!isObject(value)) throw this.#refused(name, 'an object')
    return value
  }

  /** Whether there is a member of this name, `null` where that is as good as none. */
  has(name: string, { nullable = false }: { readonly nullable?: boolean } = {}): boolean {
    return Object.hasOwn(this.#object, name) && !(nullable && this.#object[name] === null)
  }

  /** What {@link code} says about this member; values of strangers are not repeated. */
  #refused(name: string, expected: string): WireError {
    const value = this.#object[name]
    const got = value === undefined ? 'none' : describe(value)
    const { code, what } = this.#context
    return new WireError(code, `${what}: expected ${name} to be ${expected}, got ${got}`, { field: name })
  }
}

/** @throws {WireError} of the context, for text that is no JSON object */
export function parseObject(text: string, { code, what }: JsonContext): JsonObject {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new WireError(code, `${what}: expected a JSON object, got text that is no JSON`, { cause })
  }
  if (!isObject(value)) throw new WireError(code, `${what}: expected a JSON object, got ${describe(value)}`)
  return value
}

/** What has no value is left out: a member that is there has to be of its type. */
export function present(members: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined))
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isUint(value: unknown, max: number): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= max
}

function describe(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return `a list of ${value.length}`
  return typeof value === 'string' ? `a text of ${value.length} characters` : `a ${typeof value}`
}

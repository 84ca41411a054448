import { WireError } from '../../error.js'

export type JsonObject = Readonly<Record<string, unknown>>

/** @throws {WireError} `json` */
export function parseObject(text: string, what: string): JsonObject {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new WireError('json', `${what}: expected a JSON object, got no JSON`, { cause })
  }
  if (!isObject(value)) throw new WireError('json', `${what}: expected a JSON object, got another JSON value`)
  return value
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * The text that is signed: what JSON.stringify gives for what was parsed. rendezvous protocol A7
 * @throws {WireError} `json` where it is nested too deep to be printed
 */
export function printJson(value: JsonObject, what: string): string {
  try {
    return JSON.stringify(value)
  } catch (cause) {
    throw new WireError('json', `${what}: expected JSON that is not nested without end`, { cause })
  }
}

/** @throws {WireError} `json-field` for anything but a text of at most `maxLength` UTF-16 units */
export function textOf(
  object: JsonObject,
  name: string,
  what: string,
  maxLength: number = Number.POSITIVE_INFINITY,
): string {
  const value = object[name]
  const field = `${what}.${name}`
  if (typeof value !== 'string')
    throw new WireError('json-field', `${field}: expected a text, got ${kindOf(value)}`, { field })
  if (value.length > maxLength)
    throw new WireError('json-field', `${field}: expected at most ${maxLength} characters, got ${value.length}`, {
      field,
    })
  return value
}

/** @throws {WireError} `json-field` */
export function objectOf(object: JsonObject, name: string, what: string): JsonObject {
  const value = object[name]
  const field = `${what}.${name}`
  if (!isObject(value))
    throw new WireError('json-field', `${field}: expected an object, got ${kindOf(value)}`, { field })
  return value
}

export function kindOf(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'null'
  return Array.isArray(value) ? 'a list' : `a ${typeof value}`
}

import { fromHex, toHex } from '@mimirjs/wire'

/** What a member of a value is, where JSON alone does not tell: hex text of bytes, decimal text of a 64-bit integer. */
export type Shape = 'bytes' | 'bigint' | 'plain' | { readonly [member: string]: Shape } | readonly [Shape]

/** A value of a vector as the codec wants it. @throws when the vector's value is not of this shape */
export function revive(value: unknown, shape: Shape, path = 'value'): unknown {
  if (value === undefined || value === null || shape === 'plain') return value ?? undefined
  if (shape === 'bytes') {
    if (typeof value === 'string') return fromHex(value)
    throw new Error(`${path}: expected hex digits, got ${JSON.stringify(value)}`)
  }
  if (shape === 'bigint') {
    if (typeof value === 'string' && /^-?\d+$/.test(value)) return BigInt(value)
    if (Number.isSafeInteger(value)) return BigInt(value as number)
    throw new Error(`${path}: expected the decimal digits of an integer, got ${JSON.stringify(value)}`)
  }
  if (isList(shape)) {
    if (!Array.isArray(value)) throw new Error(`${path}: expected a list, got ${JSON.stringify(value)}`)
    return value.map((element, index) => revive(element, shape[0], `${path}[${index}]`))
  }
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw new Error(`${path}: expected an object, got ${JSON.stringify(value)}`)
  }
  return Object.fromEntries(
    Object.entries(value)
      .map(([name, member]) => [name, revive(member, shape[name] ?? 'plain', `${path}.${name}`)] as const)
      .filter(([, member]) => member !== undefined),
  )
}

/** A value of a codec as it stands in a vector: bytes as lower-case hex, 64-bit integers as decimal text. */
export function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value)
  if (value instanceof Uint8Array) return toHex(value)
  if (Array.isArray(value)) return value.map(plain)
  if (value === null || typeof value !== 'object') return value
  const members = Object.entries(value).filter(([, member]) => member !== undefined)
  return Object.fromEntries(members.map(([name, member]) => [name, plain(member)]))
}

function isList(shape: Shape): shape is readonly [Shape] {
  return Array.isArray(shape)
}

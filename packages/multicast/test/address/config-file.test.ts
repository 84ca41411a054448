import { fromHex, toHex } from '@mimirjs/wire'
import { describe, expect, test } from 'vitest'
import { CONFIG_FILE_BYTES, readConfig, writeConfig } from '../../src/config-file.js'
import { codeOf, failureOf, vectors } from './support.js'

interface ConfigVector {
  readonly name: string
  readonly hex: string
  readonly isValid: boolean
  readonly ipv4Group?: string | null
  readonly ipv6Group?: string
  readonly seed?: string
  readonly publicKey?: string
}

const files = vectors<ConfigVector>('crypto/multicast-config-files.json')

describe('published files', () => {
  test.each(files.filter(({ isValid }) => isValid))('$name', (vector) => {
    const bytes = fromHex(vector.hex)
    const config = readConfig(bytes)
    expect(config.ipv4Group === undefined ? null : toHex(config.ipv4Group)).toBe(vector.ipv4Group)
    expect([toHex(config.ipv6Group), toHex(config.seed), toHex(config.publicKey)]).toEqual([
      vector.ipv6Group,
      vector.seed,
      vector.publicKey,
    ])
    expect(toHex(writeConfig(config))).toBe(vector.hex)
    // Whoever wipes the file's content keeps what was read of it.
    bytes.fill(0)
    expect(toHex(config.seed)).toBe(vector.seed)
  })

  test.each(files.filter(({ isValid }) => !isValid))('refused: $name', ({ hex }) => {
    expect(codeOf(() => readConfig(fromHex(hex)))).toBe('bad-config')
  })
})

const [whole] = files.map(({ hex }) => fromHex(hex)) as [Uint8Array]

test('any other size is refused, and the key is in no message', () => {
  const longer = new Uint8Array(200)
  longer.set(whole)
  for (let size = 0; size <= longer.length; size++) {
    const failure = failureOf(() => readConfig(longer.subarray(0, size)))
    expect(failure === undefined).toBe(size === CONFIG_FILE_BYTES)
    expect(failure ?? '').not.toMatch(/0101/)
  }
})

test('a key of which any byte was changed is refused', () => {
  for (let at = 20; at < CONFIG_FILE_BYTES; at++) {
    const changed = whole.slice()
    changed[at] = (changed[at] as number) ^ 0x10
    expect(codeOf(() => readConfig(changed))).toBe('bad-config')
  }
})

test('what cannot be read is not written', () => {
  const { ipv4Group, ipv6Group, seed } = readConfig(whole)
  const mapped = fromHex('00000000000000000000ffffe000f564')
  for (const other of [
    { ipv4Group: mapped, ipv6Group, seed },
    { ipv4Group: Uint8Array.of(192, 0, 2, 1), ipv6Group, seed },
    { ipv4Group, ipv6Group: mapped, seed },
    { ipv4Group, ipv6Group: Uint8Array.of(224, 0, 245, 100), seed },
    { ipv4Group, ipv6Group: new Uint8Array(16), seed },
    { ipv4Group, ipv6Group, seed: new Uint8Array(64) },
  ]) {
    expect(codeOf(() => writeConfig(other))).toBe('bad-config')
  }
  expect(toHex(writeConfig({ ipv4Group: undefined, ipv6Group, seed }).subarray(0, 4))).toBe('00000000')
})

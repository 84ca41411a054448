// The published vectors, through both builds.
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import * as node from '../src/node.js'
import * as portable from '../src/portable.js'
import { hex, toHex } from './helpers.js'

/** Members that a file does not have are `undefined`. */
interface Vector {
  readonly name: string
  readonly seed: string
  readonly publicKey: string
  readonly message: string
  readonly signature: string
  readonly valid?: boolean
}

function vectors(file: string): Vector[] {
  return JSON.parse(readFileSync(new URL(`../../../vectors/crypto/${file}`, import.meta.url), 'utf8')) as Vector[]
}

describe.each([
  ['node', node],
  ['portable', portable],
])('the %s build', (_, crypto) => {
  test.each(vectors('keys.json'))('key $name', ({ seed, publicKey }) => {
    expect(toHex(crypto.publicKeyFromSeed(hex(seed)))).toBe(publicKey)
    expect(crypto.isPoint(hex(publicKey))).toBe(true)
    expect(crypto.isSmallOrder(hex(publicKey))).toBe(false)
  })

  test.each(vectors('signatures.json'))('signature $name', ({ seed, publicKey, message, signature }) => {
    expect(toHex(crypto.createSigner(hex(seed)).sign(hex(message)))).toBe(signature)
    expect(toHex(crypto.createSigner(hex(seed)).publicKey)).toBe(publicKey)
    expect(crypto.verify(hex(signature), hex(message), hex(publicKey))).toBe(true)
  })

  test.each(vectors('tracker-records.json'))('record $name', ({ publicKey, message, signature, valid }) => {
    const key = hex(publicKey)
    expect(!crypto.isSmallOrder(key) && crypto.verify(hex(signature), hex(message), key)).toBe(valid)
  })
})

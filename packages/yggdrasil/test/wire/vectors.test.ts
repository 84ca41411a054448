import { readFileSync } from 'node:fs'
import { boxSeal, boxSharedKey, ed25519PublicKeyToX25519, sha256, sign, verify, x25519PublicKey } from '@mimirjs/crypto'
import { describe, expect, test } from 'vitest'
import {
  addressForKey,
  formatAddress,
  formatSubnet,
  keyForAddress,
  keyForSubnet,
  subnetForKey,
  transformKey,
} from '../../src/address.js'
import { bloomLocations } from '../../src/bloom.js'
import { encodeGreeting, greetingHash, openGreeting } from '../../src/handshake.js'
import { toHex } from '../../src/hex.js'
import { murmur3 } from '../../src/murmur3.js'
import { FrameReader } from '../../src/wire/frame-reader.js'
import { decodePacket, decodePacketFrame } from '../../src/wire/packet.js'
import { pathDistance, pathOf } from '../../src/wire/path.js'
import { signedPathBytes } from '../../src/wire/pathfinder.js'
import {
  decodeSessionInitMessage,
  decodeSessionTraffic,
  encodeSessionInit,
  encodeSessionInitMessage,
  SessionType,
  signedSessionBytes,
} from '../../src/wire/session.js'
import { signedParentBytes } from '../../src/wire/signature.js'
import { decodeStreamPacket, StreamFlag } from '../../src/wire/stream-packet.js'
import { bytesOf, codeOf, concat } from './support/bytes.js'

// The published vectors that are more than a codec. Sessions and decisions of the router are replayed where those live.

/** By another name: a bundler would look for what is written before `import.meta.url`. */
const { url: here } = import.meta

function load<T>(file: string): readonly T[] {
  return JSON.parse(readFileSync(new URL(`../../../../vectors/${file}`, here), 'utf8')) as readonly T[]
}

type Texts = Readonly<Record<string, string>>

test.each(load<Texts>('crypto/yggdrasil-addresses.json'))('address $name', (vector) => {
  const key = bytesOf(vector.publicKey!)
  const [address, subnet] = [addressForKey(key), subnetForKey(key)]
  expect({
    address: toHex(address),
    addressText: formatAddress(address),
    subnet: toHex(subnet),
    subnetText: formatSubnet(subnet),
    keyOfAddress: toHex(keyForAddress(address)),
    keyOfSubnet: toHex(keyForSubnet(subnet)),
    transformed: toHex(transformKey(key)),
  }).toMatchObject({
    address: vector.address,
    addressText: vector.addressText,
    subnet: vector.subnet,
    subnetText: vector.subnetText,
    keyOfAddress: vector.keyOfAddress,
    keyOfSubnet: vector.keyOfSubnet,
    transformed: vector.transformed,
  })
})

test.each(load<Texts & { readonly priority: never }>('crypto/yggdrasil-greetings.json'))('greeting $name', (vector) => {
  const [publicKey, password] = [bytesOf(vector.publicKey!), new TextEncoder().encode(vector.password)]
  const priority: number = vector.priority
  const signer = (message: Uint8Array) => sign(message, bytesOf(vector.seed!))
  expect(toHex(greetingHash(publicKey, password))).toBe(vector.hash)
  const message = encodeGreeting({ publicKey, priority }, password, signer)
  expect(toHex(message)).toBe(vector.message)
  expect(toHex(message)).toMatch(new RegExp(`${vector.signature}$`))
  expect(openGreeting(message, password)).toEqual({ publicKey, priority })
})

interface Signature {
  readonly name: string
  readonly kind: 'parent' | 'path'
  readonly seed: string
  readonly publicKey: string
  readonly node?: string
  readonly parent?: string
  readonly seq: string
  readonly nonce?: string
  readonly port?: string
  readonly path?: readonly string[]
  readonly message: string
  readonly signature: string
}

test.each(load<Signature>('crypto/yggdrasil-signatures.json'))('signature $name', (vector) => {
  const { kind, node = '', parent = '', seq, nonce = '0', port = '0', path = [] } = vector
  const message =
    kind === 'path'
      ? signedPathBytes(BigInt(seq), pathOf(path.map(BigInt)))
      : signedParentBytes(bytesOf(node), bytesOf(parent), BigInt(seq), BigInt(nonce), BigInt(port))
  expect(toHex(message)).toBe(vector.message)
  expect(toHex(sign(message, bytesOf(vector.seed)))).toBe(vector.signature)
  expect(verify(bytesOf(vector.signature), message, bytesOf(vector.publicKey))).toBe(true)
})

interface Hash {
  readonly name: string
  readonly data: string
  readonly murmur3?: string
  readonly murmur3WithOne?: string
  readonly locations?: readonly number[]
}

test.each(load<Hash>('crypto/yggdrasil-bloom.json'))(
  'hash $name',
  ({ data, murmur3: hash, murmur3WithOne, locations }) => {
    const text = (words: Uint32Array) => Array.from(words, (word) => word.toString(16).padStart(8, '0')).join('')
    if (hash !== undefined) expect(text(murmur3(bytesOf(data)))).toBe(hash)
    if (murmur3WithOne !== undefined) expect(text(murmur3(bytesOf(`${data}01`)))).toBe(murmur3WithOne)
    if (locations !== undefined) expect([...bloomLocations(bytesOf(data))]).toEqual(locations)
    expect([hash, locations]).not.toEqual([undefined, undefined])
  },
)

test.each(load<Texts>('crypto/yggdrasil-boxes.json'))('box $name', (vector) => {
  const shared = boxSharedKey(bytesOf(vector.privateKey!), bytesOf(vector.publicKey!))
  expect(toHex(shared)).toBe(vector.sharedKey)
  expect(BigInt(`0x${vector.nonce}`)).toBe(BigInt(vector.counter!))
  expect(toHex(boxSeal(shared, bytesOf(vector.nonce!), bytesOf(vector.plaintext!)))).toBe(vector.sealed)
})

test.each(load<Texts>('crypto/yggdrasil-session-inits.json'))('init $name', (vector) => {
  const [ephemeral, current, next] = ['ephemeral', 'current', 'next'].map((name) =>
    x25519PublicKey(bytesOf(vector[`${name}PrivateKey`]!)),
  ) as [Uint8Array, Uint8Array, Uint8Array]
  const numbers = { keySeq: BigInt(vector.keySeq!), seq: BigInt(vector.seq!) }
  const password = new TextEncoder().encode(vector.groupPassword)
  const prefix = concat(new TextEncoder().encode('ironwood/encrypted'), Uint8Array.of(0), password)
  const parts = [signedSessionBytes(ephemeral, { current, next, ...numbers })]
  if (vector.groupPassword !== undefined) parts.unshift(sha256(prefix))
  const signed = concat(...parts)
  expect(toHex(signed)).toBe(vector.signedBytes)
  const plain = encodeSessionInit({ signature: sign(signed, bytesOf(vector.seed!)), current, next, ...numbers })
  if (vector.plaintext !== undefined) expect(toHex(plain)).toBe(vector.plaintext)
  const recipient = ed25519PublicKeyToX25519(bytesOf(vector.recipientPublicKey!))
  const sealed = boxSeal(boxSharedKey(bytesOf(vector.ephemeralPrivateKey!), recipient), new Uint8Array(24), plain)
  const message = encodeSessionInitMessage({ type: SessionType.init, ephemeralKey: ephemeral, sealed })
  expect(toHex(message)).toBe(vector.message)
  expect(decodeSessionInitMessage(message).ephemeralKey).toEqual(ephemeral)
})

interface Distance {
  readonly name: string
  readonly a: readonly string[]
  readonly b: readonly string[]
  readonly distance: number
}

test.each(load<Distance>('sequences/yggdrasil-distances.json'))('distance $name', ({ a, b, distance }) => {
  const [left, right] = [pathOf(a.map(BigInt)), pathOf(b.map(BigInt))]
  expect(pathDistance(left, right)).toBe(distance)
  expect(pathDistance(right, left)).toBe(distance)
})

interface FrameVector {
  readonly name: string
  readonly hex: string
  readonly result: string
  readonly error?: string
  readonly flags?: readonly string[]
}

const frames = load<FrameVector>('yggdrasil/frame.json')

describe('frames on a stream', () => {
  const keepAlive = bytesOf('0101')
  const feed = (bytes: Uint8Array, chunkBytes: number) => {
    const reader = new FrameReader()
    const got: unknown[] = []
    for (let at = 0; at < bytes.length; at += chunkBytes) {
      reader.push(bytes.slice(at, at + chunkBytes), (type, body) => got.push(structuredClone(decodePacket(type, body))))
    }
    return got
  }
  /** A frame that ends too early, or too late, is no whole frame on a stream. */
  const isWhole = ({ flags = [], name }: FrameVector) =>
    name !== 'truncated' && !(flags[0] === 'trailing' && name === 'trailing')

  test.each(frames.filter(({ result }) => result !== 'invalid'))(
    '$name: whole, cut, and with another behind it',
    ({ hex }) => {
      const expected = [structuredClone(decodePacketFrame(bytesOf(hex))), { type: 'keepAlive' }]
      for (const chunkBytes of [1, 7, 10_000])
        expect(feed(concat(bytesOf(hex), keepAlive), chunkBytes)).toEqual(expected)
    },
  )

  test.each(frames.filter((vector) => vector.result === 'invalid' && isWhole(vector)))(
    '$name: refused',
    ({ hex, error }) => {
      for (const chunkBytes of [1, 7, 10_000]) expect(codeOf(() => feed(bytesOf(hex), chunkBytes))).toBe(error)
    },
  )
})

test('the whole stack: frame, traffic, session, stream', () => {
  const packet = decodePacketFrame(bytesOf(frames.find(({ name }) => name === 'whole-stack')!.hex))
  expect(packet.type).toBe('traffic')
  if (packet.type !== 'traffic') return
  const [session] = load<{ messages: readonly Texts[] }>('sequences/yggdrasil-sessions.json')
  const { privateKey, publicKey, nextPublicKey } = session!.messages[3]!
  const traffic = decodeSessionTraffic(packet.payload)
  const nonce = bytesOf(traffic.nonce.toString(16).padStart(48, '0'))
  const shared = boxSharedKey(bytesOf(privateKey!), bytesOf(publicKey!))
  const syn = bytesOf('c000002a000000000000000001080000')
  expect(boxSeal(shared, nonce, concat(bytesOf(nextPublicKey!), syn))).toEqual(traffic.sealed)
  expect(decodeStreamPacket(syn)).toMatchObject({ destinationPort: 42, flags: StreamFlag.syn })
})

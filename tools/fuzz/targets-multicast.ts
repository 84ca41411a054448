import { readFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { aes256GcmOpen, aes256GcmSealInto, aes256GcmTryOpen, isCryptoError } from '@mimirjs/crypto'
import { fromHex, isWireError, toHex } from '@mimirjs/wire'
import {
  ADDRESS_DECLARATION_SIGNED_BYTES,
  decodeAddressDeclaration,
  decodeSessionData,
  decodeSessionInitiation,
  SESSION_DATA_HEAD_BYTES,
  SESSION_DATA_OVERHEAD_BYTES,
  SESSION_INITIATION_SIGNED_BYTES,
  signedAddressDeclarationBytes,
  signedSessionInitiationBytes,
} from '@mimirjs/wire/multicast'
import {
  formatGroup,
  formatMulticastAddress,
  generatePrefixGroup,
  isAcceptableGroup,
  isAcceptablePort,
  parseGroup,
  parseMulticastAddress,
} from '../../packages/multicast/src/address/index.js'
import { readConfig, writeConfig } from '../../packages/multicast/src/config-file.js'
import { isMulticastError } from '../../packages/multicast/src/error.js'
import { Broken, type FuzzTarget } from './target.js'

// Everything of mp2p that reads bytes or text of a stranger by itself. The codecs alone are in targets-wire.ts.

const KEY = '8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c'

function load<T>(file: string): readonly T[] {
  return JSON.parse(readFileSync(new URL(`../../vectors/${file}`, import.meta.url), 'utf8')) as readonly T[]
}

/** The value of `work`, or `undefined` where it refuses. Anything else that is thrown is a bug, and goes on. */
function attempt<T>(isRefusal: (error: unknown) => boolean, work: () => T): T | undefined {
  try {
    return work()
  } catch (error) {
    if (isRefusal(error)) return undefined
    throw error
  }
}

function checkEqual(got: unknown, expected: unknown, what: string): void {
  if (!isDeepStrictEqual(got, expected)) throw new Broken(what)
}

const datagrams = [
  ...load<{ hex: string }>('multicast/address-declaration.json'),
  ...load<{ hex: string }>('multicast/session-initiation.json'),
  ...load<{ hex: string }>('multicast/session-data.json'),
].map(({ hex }) => fromHex(hex))

/** A datagram is one kind of packet or none, and its parts are the whole of it, in their order. */
const datagram: FuzzTarget = {
  name: 'multicast.datagram',
  seeds: datagrams,
  feed(bytes) {
    const declaration = attempt(isWireError, () => decodeAddressDeclaration(bytes))
    const initiation = attempt(isWireError, () => decodeSessionInitiation(bytes))
    const data = attempt(isWireError, () => decodeSessionData(bytes))
    if ([declaration, initiation, data].filter((packet) => packet !== undefined).length > 1)
      throw new Broken('one datagram, two kinds of packet')
    if (declaration !== undefined) {
      const { address, src, signature } = declaration
      checkEqual(toHex(bytes.subarray(3)), [address, src, signature].map(toHex).join(''), 'a declaration in parts')
      checkEqual(signedAddressDeclarationBytes(bytes).length, ADDRESS_DECLARATION_SIGNED_BYTES, 'what is signed')
    }
    if (initiation !== undefined) {
      const { sessionId, src, dst, sessionKey, signature } = initiation
      const parts = [sessionId, src, dst, sessionKey, signature]
      checkEqual(toHex(bytes.subarray(1)), parts.map(toHex).join(''), 'an initiation in parts')
      checkEqual(signedSessionInitiationBytes(bytes).length, SESSION_INITIATION_SIGNED_BYTES, 'what is signed')
    }
    if (data !== undefined) {
      const { sessionId, nonce, ciphertext, tag } = data
      checkEqual(toHex(bytes.subarray(1)), [sessionId, nonce, ciphertext, tag].map(toHex).join(''), 'data in parts')
    }
  },
}

/** Only what was sealed under the key is opened, and the two ways of opening agree about all. */
const sealed: FuzzTarget = {
  name: 'multicast.sealed',
  seeds: datagrams.filter((bytes) => bytes[0] === 2 && bytes.length >= SESSION_DATA_OVERHEAD_BYTES),
  feed(bytes) {
    const data = attempt(isWireError, () => decodeSessionData(bytes))
    if (data === undefined) return
    const key = fromHex('40e47a3f525bdcac491d418978d7db5af623ac7afe7623c6d78a5d4fce9d0f63')
    const body = bytes.subarray(SESSION_DATA_HEAD_BYTES)
    const opened = aes256GcmTryOpen(key, data.nonce, body)
    checkEqual(
      attempt(isCryptoError, () => aes256GcmOpen(key, data.nonce, body)),
      opened,
      'the two ways of opening disagree',
    )
    if (opened === undefined) return
    const again = bytes.slice().fill(0, SESSION_DATA_HEAD_BYTES)
    aes256GcmSealInto(again, SESSION_DATA_HEAD_BYTES, key, data.nonce, opened)
    checkEqual(again, bytes, 'sealed again it is another packet')
  },
}

const texts = [
  `mp2p://${KEY}@[ff1e::1]:1024`,
  `mp2p://${KEY}@[ff3e:40:2001:db8:1:2:8c0d:e0f]:65535`,
  `mp2p://${KEY}@224.0.245.100:1025`,
  'ff1e::1',
  '224.0.245.100',
  '::ffff:224.0.245.100',
  '2001:db8:1:2::5/64',
].map((text) => new TextEncoder().encode(text))

/** A text is refused, or an address that can be used and is written alike; no more is made of it as a network. */
const address: FuzzTarget = {
  name: 'multicast.address',
  seeds: texts,
  feed(bytes) {
    const text = new TextDecoder().decode(bytes)
    const parsed = attempt(isMulticastError, () => parseMulticastAddress(text))
    if (parsed !== undefined) {
      if (!isAcceptableGroup(parsed.group) || !isAcceptablePort(parsed.port)) throw new Broken('an address of no use')
      checkEqual(parseMulticastAddress(formatMulticastAddress(parsed)), parsed, 'written again it is another address')
    }
    const group = attempt(isMulticastError, () => parseGroup(text))
    if (group !== undefined) checkEqual(parseGroup(formatGroup(group)), group, 'written again it is another group')
    const made = generatePrefixGroup(text, (sizeBytes) => new Uint8Array(sizeBytes))
    if (made !== undefined && !isAcceptableGroup(made)) throw new Broken('a group was made that nobody accepts')
  },
}

/** A file is refused, or written again byte for byte. */
const configFile: FuzzTarget = {
  name: 'multicast.configFile',
  seeds: load<{ hex: string }>('crypto/multicast-config-files.json').map(({ hex }) => fromHex(hex)),
  feed(bytes) {
    const config = attempt(isMulticastError, () => readConfig(bytes))
    if (config !== undefined) checkEqual(writeConfig(config), bytes, 'written again it is another file')
  },
}

export const multicastTargets: readonly FuzzTarget[] = [datagram, sealed, address, configFile]

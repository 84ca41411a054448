import { aes256GcmTryOpen, verify, x25519PublicKey } from '@mimirjs/crypto'
import { createRandom } from '@mimirjs/transport/testing'
import { equalBytes, toHex } from '@mimirjs/wire'
import {
  decodeAddressDeclaration,
  decodeSessionInitiation,
  signedAddressDeclarationBytes,
  signedSessionInitiationBytes,
} from '@mimirjs/wire/multicast'
import type { Identity } from './identity.js'
import { bytesOf, dataOf, declarationOf, initiationOf, keyOf, textOf } from './packets.js'
import { HELLO, JACK } from './pair.js'

const ID_AT = 1
const NONCE_AT = 17
const SEALED_AT = 29

/**
 * The original client as multicast protocol §8.1 describes it: one datagram is read for each exchange, and one that is
 * not as expected ends the program.
 */
export class OriginalClient {
  readonly declaration: Uint8Array
  readonly initiation: Uint8Array
  readonly answers: string[] = []
  readonly #server: Uint8Array
  readonly #identity: Identity
  readonly #isLooping: boolean
  readonly #secret = createRandom(31).bytes(32)
  readonly #id = createRandom(32).bytes(16)
  #key: Uint8Array | undefined
  #question: Uint8Array | undefined
  state: 'opening' | 'asking' | 'done' | 'failed' = 'opening'

  constructor(identity: Identity, server: Uint8Array, isLooping = false) {
    this.#identity = identity
    this.#server = server
    this.#isLooping = isLooping
    this.declaration = declarationOf(identity)
    this.initiation = initiationOf(identity, { id: this.#id, dst: server, secret: this.#secret })
  }

  /** What it sends whenever its wait is over. */
  attempt(): Uint8Array[] {
    if (this.#question !== undefined) return [this.#question]
    return [this.declaration, this.initiation]
  }

  /** @returns what it sends at once */
  receive(bytes: Uint8Array): Uint8Array[] {
    if (this.state === 'opening') return this.#readResponse(bytes)
    return this.state === 'asking' ? this.#readAnswer(bytes) : []
  }

  #readResponse(bytes: Uint8Array): Uint8Array[] {
    if (bytes[0] !== 1 || bytes.length < 177) return this.#fail()
    const { src, dst, signature } = decodeSessionInitiation(bytes)
    if (!equalBytes(src, this.#server) || !equalBytes(dst, this.#identity.publicKey)) return this.#fail()
    if (!verify(signature, signedSessionInitiationBytes(bytes), src)) return this.#fail()
    this.#key = keyOf(this.#secret, bytes)
    this.#question = dataOf(this.#key, this.#id, createRandom(33).bytes(12), bytesOf(HELLO))
    this.state = 'asking'
    return [this.#question]
  }

  #readAnswer(bytes: Uint8Array): Uint8Array[] {
    const isOurs = bytes[0] === 2 && equalBytes(bytes.subarray(ID_AT, NONCE_AT), this.#id)
    const payload = isOurs && this.#key !== undefined ? openData(this.#key, bytes) : undefined
    if (payload === undefined || this.#question === undefined) return this.#fail()
    this.answers.push(textOf(payload))
    if (this.#isLooping) return [this.#question]
    this.state = 'done'
    return []
  }

  #fail(): Uint8Array[] {
    this.state = 'failed'
    return []
  }
}

/** The original server as §7.1 describes it: a new key for each initiation, an answer for each copy of a packet. */
export class OriginalServer {
  readonly texts: string[] = []
  readonly #identity: Identity
  readonly #random = createRandom(41)
  readonly #peers = new Set<string>()
  readonly #keys = new Map<string, Uint8Array>()

  constructor(identity: Identity) {
    this.#identity = identity
  }

  receive(bytes: Uint8Array): Uint8Array[] {
    if (bytes[0] === 0) return this.#register(bytes)
    return bytes[0] === 1 ? this.#respond(bytes) : this.#answer(bytes)
  }

  #register(bytes: Uint8Array): Uint8Array[] {
    const { src, signature } = decodeAddressDeclaration(bytes)
    if (verify(signature, signedAddressDeclarationBytes(bytes), src)) this.#peers.add(toHex(src))
    return []
  }

  #respond(bytes: Uint8Array): Uint8Array[] {
    const { sessionId, src, dst, signature } = decodeSessionInitiation(bytes)
    if (!this.#peers.has(toHex(src)) || !equalBytes(dst, this.#identity.publicKey)) return []
    if (!verify(signature, signedSessionInitiationBytes(bytes), src)) return []
    const secret = this.#random.bytes(32)
    this.#keys.set(toHex(sessionId), keyOf(secret, bytes))
    const response = { id: sessionId, dst: src, sessionKey: x25519PublicKey(secret) }
    return [initiationOf(this.#identity, response)]
  }

  #answer(bytes: Uint8Array): Uint8Array[] {
    const id = bytes.slice(ID_AT, NONCE_AT)
    const key = this.#keys.get(toHex(id))
    const payload = key === undefined ? undefined : openData(key, bytes)
    if (key === undefined || payload === undefined) return []
    this.texts.push(textOf(payload))
    return [dataOf(key, id, this.#random.bytes(12), bytesOf(JACK))]
  }
}

function openData(key: Uint8Array, bytes: Uint8Array): Uint8Array | undefined {
  return aes256GcmTryOpen(key, bytes.slice(NONCE_AT, SEALED_AT), bytes.slice(SEALED_AT))
}

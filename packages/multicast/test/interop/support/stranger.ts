// A node made of bare packets, which does what it wants: attacks are made of it.
import {
  aes256GcmSeal,
  aes256GcmTryOpen,
  createSigner,
  generateSeed,
  randomBytes,
  type SeedSigner,
  x25519,
  x25519PublicKey,
} from '@mimirjs/crypto'
import { fromHex, toHex } from '@mimirjs/wire'
import {
  ADDRESS_DECLARATION_SIGNED_BYTES,
  decodeSessionData,
  decodeSessionInitiation,
  MULTICAST_NONCE_BYTES,
  MulticastPacketType,
  SESSION_DATA_HEAD_BYTES,
  SESSION_ID_BYTES,
  SESSION_INITIATION_SIGNED_BYTES,
  signedAddressDeclarationBytes,
  signedSessionInitiationBytes,
  unsignedAddressDeclaration,
  unsignedSessionInitiation,
  writeSessionDataHead,
} from '@mimirjs/wire/multicast'
import { generateIpv6Group } from '../../../src/address/generate.js'
import { formatGroup, parseGroup } from '../../../src/address/text.js'
import type { Actor } from './actor.js'
import type { Target } from './parties.js'

const ANSWER_TIMEOUT_MS = 10_000

/** What both sides of a session know. */
export interface StrangerSession {
  /** 16 bytes. */
  readonly id: Uint8Array
  /** 32 bytes. */
  readonly key: Uint8Array
}

export class Stranger implements Target {
  readonly signer: SeedSigner
  /** Its group. */
  readonly address: string
  readonly port: number
  readonly #actor: Actor
  readonly #socket: number

  private constructor(actor: Actor, socket: number, signer: SeedSigner, address: string, port: number) {
    this.#actor = actor
    this.#socket = socket
    this.signer = signer
    this.address = address
    this.port = port
  }

  /** @param options - `group`: what it hears; default: one of its own */
  static async open(
    actor: Actor,
    on: string,
    {
      port,
      group = formatGroup(generateIpv6Group(randomBytes)),
      seed = generateSeed(),
    }: {
      readonly port: number
      readonly group?: string
      readonly seed?: Uint8Array
    },
  ): Promise<Stranger> {
    const socket = await actor.call('socket', { family: 6, port, interface: on, group })
    return new Stranger(actor, socket, createSigner(seed), group, port)
  }

  get publicKey(): string {
    return toHex(this.signer.publicKey)
  }

  /** Its own address, or another one. */
  declaration({ address = this.address, port = this.port }: { address?: string; port?: number } = {}): Uint8Array {
    return this.rawDeclaration(parseGroup(address), port)
  }

  /** Of an address that is no group, too. @param address - 16 bytes */
  rawDeclaration(address: Uint8Array, port: number): Uint8Array {
    const packet = unsignedAddressDeclaration({ port, address, src: this.signer.publicKey })
    packet.set(this.signer.sign(signedAddressDeclarationBytes(packet)), ADDRESS_DECLARATION_SIGNED_BYTES)
    return packet
  }

  initiation(
    target: { readonly publicKey: string },
    { id, sessionKey }: { readonly id: Uint8Array; readonly sessionKey: Uint8Array },
  ): Uint8Array {
    const dst = fromHex(target.publicKey)
    const packet = unsignedSessionInitiation({ sessionId: id, src: this.signer.publicKey, dst, sessionKey })
    packet.set(this.signer.sign(signedSessionInitiationBytes(packet)), SESSION_INITIATION_SIGNED_BYTES)
    return packet
  }

  /** Declare the own address, open a session and wait for the response. */
  async openSession(target: Target, id: Uint8Array = randomBytes(SESSION_ID_BYTES)): Promise<StrangerSession> {
    const secret = randomBytes(32)
    await this.send(target, this.declaration(), this.initiation(target, { id, sessionKey: x25519PublicKey(secret) }))
    return this.accept(secret, await this.hear(MulticastPacketType.sessionInitiation))
  }

  /** @param secret - of the initiation that was sent */
  accept(secret: Uint8Array, response: Uint8Array): StrangerSession {
    const { sessionId, sessionKey } = decodeSessionInitiation(response)
    return { id: sessionId, key: x25519(secret, sessionKey) }
  }

  /** Answer an initiation as a responder does. @param id - default: that of the initiation, as it must be */
  response(
    initiation: Uint8Array,
    id?: Uint8Array,
  ): { readonly packet: Uint8Array; readonly session: StrangerSession } {
    const { sessionId, src, sessionKey } = decodeSessionInitiation(initiation)
    const secret = randomBytes(32)
    const session = { id: id ?? sessionId, key: x25519(secret, sessionKey) }
    const offer = { id: session.id, sessionKey: x25519PublicKey(secret) }
    return { packet: this.initiation({ publicKey: toHex(src) }, offer), session }
  }

  data({ id, key }: StrangerSession, text: string): Uint8Array {
    return sealed(id, key, new TextEncoder().encode(text))
  }

  /** Send data and wait for what comes back. @returns the datagram and its text */
  async ask(target: Target, session: StrangerSession, text: string): Promise<{ packet: Uint8Array; text: string }> {
    await this.send(target, this.data(session, text))
    const packet = await this.hear(MulticastPacketType.sessionData)
    return { packet, text: this.open(session, packet) }
  }

  /** @throws {Error} when it is not of this session */
  open({ id, key }: StrangerSession, packet: Uint8Array): string {
    const { sessionId, nonce } = decodeSessionData(packet)
    if (toHex(sessionId) !== toHex(id)) throw new Error('data of another session')
    const text = aes256GcmTryOpen(key, nonce, packet.subarray(SESSION_DATA_HEAD_BYTES))
    if (text === undefined) throw new Error('data under another key')
    return new TextDecoder().decode(text)
  }

  send(target: { readonly address: string }, ...datagrams: readonly Uint8Array[]): Promise<void> {
    return this.sendTo(target.address, 1024, ...datagrams)
  }

  sendTo(address: string, port: number, ...datagrams: readonly Uint8Array[]): Promise<void> {
    return this.#actor.call('send', { socket: this.#socket, datagrams: datagrams.map(toHex), address, port })
  }

  /** All that came, at least `count` of it. */
  async heard(count: number): Promise<Uint8Array[]> {
    const heard = await this.#actor.call('heard', { socket: this.#socket, count, timeoutMs: ANSWER_TIMEOUT_MS })
    return heard.map(fromHex)
  }

  /** The one datagram that came; it must be of this type. */
  async hear(type: number): Promise<Uint8Array> {
    const [packet, ...others] = await this.heard(1)
    const types = [packet, ...others].map((datagram) => datagram?.[0])
    if (packet === undefined || packet[0] !== type || others.length > 0) {
      throw new Error(`expected one packet of type ${type}, heard ${JSON.stringify(types)}`)
    }
    return packet
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#actor.call('unplug', { socket: this.#socket })
  }
}

function sealed(id: Uint8Array, key: Uint8Array, text: Uint8Array): Uint8Array {
  const nonce = randomBytes(MULTICAST_NONCE_BYTES)
  const content = aes256GcmSeal(key, nonce, text)
  const packet = new Uint8Array(SESSION_DATA_HEAD_BYTES + content.length)
  writeSessionDataHead(packet, id, nonce)
  packet.set(content, SESSION_DATA_HEAD_BYTES)
  return packet
}

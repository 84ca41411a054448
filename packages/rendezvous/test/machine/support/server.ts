import { verify } from '@mimirjs/crypto'
import { equalBytes, toHex } from '@mimirjs/wire'
import {
  authSigningBytes,
  decodeB64u,
  decodeEnvelope,
  decodeLinkFrame,
  encodeB64u,
  encodeLinkFrame,
  serverName,
} from '@mimirjs/wire/rendezvous'
import type { Party } from './party.js'
import type { World } from './world.js'

interface Client {
  readonly party: Party
  readonly socket: number
  publicKey: Uint8Array | undefined
  nonce: Uint8Array | undefined
  isReady: boolean
}

/** An honest server, as far as a client notices. What a bad one does with an envelope is in {@link relay}. */
export class FakeServer {
  readonly world: World
  readonly url: string
  readonly clients: Client[] = []
  /** All envelopes that it was given, in base64url. */
  readonly seen: string[] = []
  /** Whether it can be reached. */
  isUp = true
  protocol = 'rendezvous.1'
  /** How much its clock is ahead. */
  offsetMs = 0
  /** What it calls itself. */
  name: string
  /** What becomes of an envelope, instead of its delivery. */
  relay: ((envelope: string, deliver: (envelope: string) => void, to: Client | undefined) => void) | undefined
  #nonces = 0

  constructor(world: World, url: string) {
    this.world = world
    this.url = url
    this.name = serverName(url)
  }

  dialled(party: Party, socket: number): void {
    if (!this.isUp) {
      party.machine.socketClosed(socket, undefined, this.world.nowMs)
      return
    }
    this.clients.push({ party, socket, publicKey: undefined, nonce: undefined, isReady: false })
    party.machine.socketOpened(socket, this.protocol, this.world.nowMs)
  }

  /** It stops, and all its clients notice. */
  stop(code?: number): void {
    this.isUp = false
    for (const { party, socket } of this.clients.splice(0)) party.machine.socketClosed(socket, code, this.world.nowMs)
  }

  gone(party: Party, socket: number): void {
    const at = this.clients.findIndex((client) => client.party === party && client.socket === socket)
    if (at >= 0) this.clients.splice(at, 1)
  }

  clientOf(party: Party): Client | undefined {
    return this.clients.find((client) => client.party === party)
  }

  /** Anything, to one of its clients. */
  say(party: Party, text: string): void {
    const client = this.clientOf(party)
    if (client !== undefined) party.machine.socketText(client.socket, text, this.world.nowMs)
  }

  /** An envelope, to one of its clients. */
  deliver(party: Party, envelope: string): void {
    this.say(party, encodeLinkFrame({ type: 'relayed-msg', e: envelope }))
  }

  receive(party: Party, socket: number, text: string): void {
    const client = this.clients.find((one) => one.party === party && one.socket === socket)
    if (client === undefined) return
    const frame = decodeLinkFrame(text)
    switch (frame.type) {
      case 'auth': {
        this.#nonces += 1
        client.publicKey = frame.peer
        client.nonce = new Uint8Array(32).fill(this.#nonces)
        const { nonce } = client
        const ts = this.world.nowMs + this.offsetMs
        this.say(party, encodeLinkFrame({ type: 'prove-auth', nonce, name: this.name, ts }))
        return
      }
      case 'auth-proof':
        this.#login(client, frame.cn, frame.sig)
        return
      case 'relay-msg':
        if (client.isReady) this.#relayed(client, frame.e)
        return
      case 'ping':
        this.say(party, encodeLinkFrame({ type: 'pong', n: frame.n }))
        return
      default:
        return
    }
  }

  #login(client: Client, cn: Uint8Array, sig: Uint8Array): void {
    const { party, socket, publicKey, nonce } = client
    if (publicKey === undefined || nonce === undefined) throw new Error('a proof before its challenge')
    if (!verify(sig, authSigningBytes({ name: this.name, nonce, cn, publicKey }), publicKey)) {
      this.gone(party, socket)
      party.machine.socketClosed(socket, 4401, this.world.nowMs)
      return
    }
    const older = this.#find(publicKey)
    if (older !== undefined) {
      this.gone(older.party, older.socket)
      older.party.machine.socketText(older.socket, '{"type":"error","code":"replaced"}', this.world.nowMs)
      older.party.machine.socketClosed(older.socket, 4409, this.world.nowMs)
    }
    client.isReady = true
    this.say(party, encodeLinkFrame({ type: 'authenticated', max: 32_768 }))
  }

  #relayed({ publicKey }: Client, e: string): void {
    const { from, to } = decodeEnvelope(decodeB64u(e))
    if (publicKey === undefined || !equalBytes(from, publicKey)) throw new Error(`not from ${toHex(from)}`)
    this.seen.push(e)
    const recipient = this.#find(to)
    const deliver = (envelope: string): void => {
      if (recipient !== undefined) this.deliver(recipient.party, envelope)
    }
    if (this.relay === undefined) deliver(e)
    else this.relay(e, deliver, recipient)
  }

  #find(publicKey: Uint8Array): Client | undefined {
    return this.clients.find(
      (one) => one.isReady && one.publicKey !== undefined && equalBytes(one.publicKey, publicKey),
    )
  }
}

/** The same envelope with its last byte changed: a signature that fits nothing. */
export function broken(envelope: string): string {
  const bytes = decodeB64u(envelope)
  bytes[bytes.length - 1] = (bytes[bytes.length - 1] ?? 0) ^ 1
  return encodeB64u(bytes)
}

import { createSigner, type SeedSigner } from '@mimirjs/crypto'
import {
  authSigningBytes,
  decodeLinkFrame,
  EnvelopeKind,
  encodeB64u,
  encodeLinkFrame,
  envelopeSigningBytes,
  type LinkFrame,
  type UnknownFrame,
  unsignedEnvelope,
} from '@mimirjs/wire/rendezvous'
import type { ClientSocket, Connection } from '../../src/server/connection.js'
import { Counters } from '../../src/server/counters.js'
import { Hub } from '../../src/server/hub.js'
import { type RendezvousServerLimits, serverLimitsOf } from '../../src/server/limits.js'
import { RendezvousProfile } from '../../src/server/rendezvous.js'

export const NAME = 'wss://rdv.example.org:18765'
export const NOW_MS = 1_700_000_000_000

export function person(number: number): SeedSigner {
  return createSigner(new Uint8Array(32).fill(number))
}

export interface EnvelopeParts {
  readonly from: SeedSigner
  readonly to: Uint8Array
  readonly ctr?: number
  readonly expMs?: number
  readonly bodyBytes?: number
}

/** A signed envelope, as text. */
export function envelope({ from, to, ctr = 0, expMs = NOW_MS + 60_000, bodyBytes = 0 }: EnvelopeParts): string {
  const bytes = unsignedEnvelope({
    kind: EnvelopeKind.knock,
    from: from.publicKey,
    to,
    sid: new Uint8Array(16).fill(7),
    epoch: BigInt(NOW_MS - 5_000),
    ctr,
    exp: BigInt(expMs),
    body: new Uint8Array(bodyBytes).fill(0x20),
  })
  bytes.set(from.sign(envelopeSigningBytes(bytes)), bytes.length - 64)
  return encodeB64u(bytes)
}

/** The proof of a login. */
export function proof(signer: SeedSigner, nonce: Uint8Array, name: string): string {
  const cn = new Uint8Array(16).fill(3)
  const sig = signer.sign(authSigningBytes({ name, nonce, cn, publicKey: signer.publicKey }))
  return encodeLinkFrame({ type: 'auth-proof', cn, sig })
}

/** A client whose socket is nothing but what was sent. */
export class Client implements ClientSocket {
  bufferedBytes = 0
  readonly frames: string[] = []
  pings = 0
  closedWith: number | undefined
  connection: Connection | undefined

  send(text: string): void {
    this.frames.push(text)
  }

  ping(): void {
    this.pings++
  }

  close(code: number): void {
    this.closedWith = code
  }

  get last(): LinkFrame | UnknownFrame | undefined {
    const text = this.frames.at(-1)
    return text === undefined ? undefined : decodeLinkFrame(text)
  }

  /** What came since the last call. */
  taken(): string[] {
    return this.frames.splice(0)
  }
}

export interface ServerWorld {
  readonly hub: Hub
  readonly counters: Counters
  readonly profile: RendezvousProfile
  nowMs: number
  connect(options?: { source?: string; host?: string }): Client
  say(client: Client, text: string): void
  /** Connected and logged in. */
  logIn(signer: SeedSigner, options?: { source?: string; name?: string }): Client
  advance(ms: number): void
}

/** A server without sockets, whose clock is turned by hand. */
export function serverWorld({
  names = [NAME],
  limits = {},
}: {
  names?: readonly string[]
  limits?: Partial<RendezvousServerLimits>
} = {}): ServerWorld {
  const counters = new Counters()
  const complete = serverLimitsOf({ connectionsPerAddress: 1_000, connectsBurst: 10_000, ...limits })
  const hub = new Hub(complete, counters, () => {})
  let nonces = 0
  const world: ServerWorld = {
    hub,
    counters,
    profile: new RendezvousProfile({
      names,
      limits: complete,
      counters,
      randomBytes: (sizeBytes) => new Uint8Array(sizeBytes).fill(0x11 + nonces++),
      wallNowMs: () => world.nowMs,
    }),
    nowMs: NOW_MS,
    connect: ({ source = '192.0.2.1', host } = {}) => {
      const client = new Client()
      client.connection = hub.connect(client, { source, host, profile: world.profile }, world.nowMs)
      return client
    },
    say: (client, text) => client.connection?.received(text, text.length, world.nowMs),
    logIn: (signer, { source, name = names[0] ?? NAME } = {}) => {
      const client = world.connect(source === undefined ? {} : { source })
      world.say(client, encodeLinkFrame({ type: 'auth', peer: signer.publicKey }))
      const frame = client.last
      if (frame?.type !== 'prove-auth') throw new Error(`expected prove-auth, got ${client.frames.join()}`)
      world.say(client, proof(signer, frame.nonce, name))
      if (client.last?.type !== 'authenticated') throw new Error(`not logged in: ${client.frames.join()}`)
      client.taken()
      return client
    },
    advance: (ms) => {
      for (const untilMs = world.nowMs + ms; world.nowMs < untilMs; ) {
        world.nowMs = Math.max(world.nowMs, Math.min(untilMs, hub.nextDeadlineMs))
        hub.tick(world.nowMs)
      }
    },
  }
  return world
}

export function relay(e: string): string {
  return encodeLinkFrame({ type: 'relay-msg', e })
}

import { randomBytes, type SeedSigner } from '@mimirjs/crypto'
import { RendezvousServer } from '@mimirjs/rendezvous/server'
import {
  authSigningBytes,
  decodeLinkFrame,
  EnvelopeKind,
  encodeB64u,
  encodeLinkFrame,
  RENDEZVOUS_SUBPROTOCOL,
  serverName,
  unsignedEnvelope,
} from '@mimirjs/wire/rendezvous'
import { RelayClients, type RelayDialect } from '../lib/relay-channel.js'
import type { Stack } from '../lib/stack.js'
import { textFrame, WsSocket } from '../lib/ws-socket.js'

const MANY = 1_000_000_000
const LIFE_MS = 120_000

/** Everything comes from one address here, and a few keys say all, which the defaults exist to prevent. */
export const OPEN_SERVER = {
  connectionsPerAddress: MANY,
  unauthenticated: MANY,
  connectsPerMinute: MANY,
  connectsBurst: MANY,
  envelopesPerSecond: MANY,
  envelopesBurst: MANY,
  envelopesPerAddressPerSecond: MANY,
  envelopesPerAddressBurst: MANY,
  envelopesPerRecipientPerSecond: MANY,
  envelopesPerRecipientBurst: MANY,
  framesPerSecond: MANY,
  framesBurst: MANY,
} as const

/** Our server, seen by clients that log in and have envelopes relayed. */
export function mimirRendezvousStack(): Stack {
  const clients = new RelayClients(DIALECT)
  return {
    async serve() {
      const server = await RendezvousServer.open({ listen: 'ws://127.0.0.1:0', limits: OPEN_SERVER })
      return new URL(server.address).port
    },
    connect: (address) => clients.connect(address),
  }
}

const DIALECT: RelayDialect = {
  async logIn(port, signer) {
    const socket = await WsSocket.connect(port, RENDEZVOUS_SUBPROTOCOL)
    const { publicKey } = signer
    const asked = decodeLinkFrame(await socket.ask(textFrame(encodeLinkFrame({ type: 'auth', peer: publicKey }))))
    if (asked.type !== 'prove-auth') throw new Error(`expected prove-auth, got ${asked.type}`)
    const cn = randomBytes(16)
    const name = serverName(`ws://127.0.0.1:${port}`)
    const sig = signer.sign(authSigningBytes({ name, nonce: asked.nonce, cn, publicKey }))
    const answer = decodeLinkFrame(await socket.ask(textFrame(encodeLinkFrame({ type: 'auth-proof', cn, sig }))))
    if (answer.type !== 'authenticated') throw new Error(`expected authenticated, got ${answer.type}`)
    return socket
  },
  message: (from, to, bodyBytes) => encodeLinkFrame({ type: 'relay-msg', e: envelope(from, to, bodyBytes) }),
}

/** Servers check no signature of it and know of no repeats: its recipient does. */
function envelope(from: SeedSigner, to: SeedSigner, bodyBytes: number): string {
  const bytes = unsignedEnvelope({
    kind: EnvelopeKind.offer,
    from: from.publicKey,
    to: to.publicKey,
    sid: new Uint8Array(16).fill(1),
    epoch: 1n,
    ctr: 0,
    exp: BigInt(Date.now() + LIFE_MS),
    body: new Uint8Array(bodyBytes).fill(0x20),
  })
  return encodeB64u(bytes)
}

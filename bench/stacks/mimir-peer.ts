import { createSigner, generateSeed, type Signer } from '@mimirjs/crypto'
import { type Connection, type ConnectionHandlers, Peer, type PeerLimits, type PeerOptions } from '@mimirjs/peer'
import { Transports } from '@mimirjs/transport'
import { tcp } from '@mimirjs/transport/tcp'
import { fromHex, toHex } from '@mimirjs/wire'
import { floodByCallbacks } from '../lib/flood.js'
import type { Stack } from '../lib/stack.js'

/** Everything comes from one address here, which the defaults exist to prevent. */
const LIMITS: Partial<PeerLimits> = {
  unauthenticated: 1_000_000,
  unauthenticatedPerAddress: 1_000_000,
  signaturesPerMinute: 1_000_000,
  connections: 1_000_000,
  connectionsPerIdentity: 1_000_000,
}

/** Real peers: the seven-frame mutual handshake, TEXT messages, an OK for each. Classic generation. */
export function mimirPeerStack(): Stack {
  const signer = createSigner(generateSeed())
  // A peer reuses its connection to an identity, so connections that are open at the same time are of different peers.
  const idle: Dialler[] = []
  return {
    async serve() {
      const peer = createPeer(signer, acknowledgeAll)
      const listener = await peer.listen('tcp://127.0.0.1:0')
      return JSON.stringify({ address: listener.address, publicKey: toHex(signer.publicKey) })
    },
    async connect(target) {
      const { address, publicKey } = JSON.parse(target) as { address: string; publicKey: string }
      const dialler = idle.pop() ?? new Dialler(signer)
      const connection = await dialler.peer.connect(fromHex(publicKey), [address])
      const send = messageSender(connection, dialler.sent)
      return {
        flood: (options) => floodByCallbacks(options, (done) => send(options.bodyBytes, done)),
        once: () =>
          new Promise((resolve, reject) => send(100, (error) => (error === undefined ? resolve() : reject(error)))),
        reset() {
          connection.abort()
          idle.push(dialler)
        },
      }
    },
  }
}

/** One who dials, with at most one connection at a time. */
class Dialler {
  readonly sent = new Map<bigint, (error?: Error) => void>()
  readonly peer: Peer

  constructor(signer: Signer) {
    const { sent } = this
    this.peer = createPeer(signer, () => ({
      message() {},
      acknowledged(guid) {
        const done = sent.get(guid)
        sent.delete(guid)
        done?.()
      },
      closed(error) {
        for (const done of sent.values()) done(error ?? new Error('the connection was closed'))
        sent.clear()
      },
    }))
  }
}

function createPeer(signer: Signer, onConnection: PeerOptions['onConnection']): Peer {
  return new Peer({ signer, transports: new Transports([tcp()]), clientId: 7, limits: LIMITS, onConnection })
}

/** Answers from memory: what it costs to store a message is another subject. */
function acknowledgeAll(connection: Connection): ConnectionHandlers {
  return {
    message: (frame) => connection.acknowledge(frame.guid),
    acknowledged() {},
    closed() {},
  }
}

function messageSender(
  connection: Connection,
  sent: Map<bigint, (error?: Error) => void>,
): (payloadBytes: number, done: (error?: Error) => void) => void {
  let guid = 0x0123_4567_89ab_0000n
  const sendTimeMs = BigInt(Date.now())
  return (payloadBytes, done) => {
    guid++
    sent.set(guid, done)
    const payload = new Uint8Array(payloadBytes).fill(0x61)
    connection.send({ guid, replyTo: 0n, sendTimeMs, editTimeMs: 0n, messageType: 0, payload })
  }
}

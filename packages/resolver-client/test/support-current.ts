import { sign } from '@mimirjs/crypto'
import type { DatagramSocket } from '@mimirjs/transport'
import {
  decodeTrackerRequest,
  encodeTrackerResponse,
  type NodeAnnounceRequest,
  type NodeRecord,
  peekTrackerCommand,
  peekTrackerForm,
  type TrackerCommandName,
  type TrackerForm,
} from '@mimirjs/wire/tracker'
import type { OverlayNode } from './overlay.js'
import { identity, seedOf } from './support.js'

/** The key of a node of the overlay: the identity of that number serves. */
export function nodeKey(number: number): Uint8Array {
  return identity(number).publicKey
}

/** A record of the node `node` that the identity of `fill` signed. */
export function nodeRecord(fill: number, node: number, change: Partial<NodeRecord> = {}): NodeRecord {
  const address = change.address ?? nodeKey(node)
  const signature = sign(address, seedOf(fill))
  return { address, signature, priority: 1, clientId: node, lifetimeMs: 300_000n, ...change }
}

/** A request of the current generation as a tracker reads it. */
export interface AskedOf {
  readonly form: TrackerForm
  readonly command: TrackerCommandName
  readonly nonce: number
  readonly announce: NodeAnnounceRequest | undefined
}

export function readRequest(bytes: Uint8Array): AskedOf {
  const form = peekTrackerForm(bytes)
  const command = form && peekTrackerCommand(form, bytes)
  if (form === undefined || command === undefined) throw new Error('expected a request of the current generation')
  const request = decodeTrackerRequest(form, command, bytes.slice())
  const announce = command === 'announce' ? (request as NodeAnnounceRequest) : undefined
  return { form, command, nonce: request.nonce, announce }
}

/** What a tracker that is in order sends. */
export function answerTo(
  { form, command, nonce }: AskedOf,
  records: readonly NodeRecord[],
  ttlSeconds = 240n,
): Uint8Array {
  if (command === 'ping') return encodeTrackerResponse(form, 'ping', { nonce })
  if (command === 'announce') return encodeTrackerResponse(form, 'announce', { nonce, ttlSeconds })
  return encodeTrackerResponse(form, 'getAddrs', { nonce, records })
}

/** A tracker on a node whose every answer a test decides. */
export interface NodeTracker {
  readonly address: string
  readonly socket: DatagramSocket
  /** Requests that came, oldest first. */
  readonly asked: AskedOf[]
  close(): Promise<void>
}

/** @param answer - the datagrams to send back; none for silence */
export async function nodeTracker(
  node: Pick<OverlayNode, 'datagrams'>,
  answer: (request: AskedOf) => readonly Uint8Array[] | undefined,
): Promise<NodeTracker> {
  const socket = await node.datagrams.open('ygg://[::]:69')
  const asked: AskedOf[] = []
  socket.start({
    message: (bytes, from) => {
      const request = readRequest(bytes)
      asked.push(request)
      for (const datagram of answer(request) ?? []) socket.send(datagram, from)
    },
    closed: () => undefined,
  })
  return { address: socket.localAddress, socket, asked, close: () => socket.close() }
}

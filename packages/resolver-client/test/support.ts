import { createSigner, type Signer, sign } from '@mimirjs/crypto'
import type { DatagramSocket, DatagramTransport } from '@mimirjs/transport'
import { createRandom } from '@mimirjs/transport/testing'
import {
  decodeRequest,
  encodeAnnounceResponse,
  encodeGetAddrsResponse,
  type TrackerRecord,
  type TrackerRequest,
} from '@mimirjs/wire/tracker'
import type { FoundRecord } from '../src/forms.js'

export function seedOf(fill: number): Uint8Array {
  return new Uint8Array(32).fill(fill)
}

export function identity(fill: number): Signer {
  return createSigner(seedOf(fill))
}

/** `200:…:last` as 16 bytes. */
export function overlayAddress(last: number): Uint8Array {
  const address = new Uint8Array(16)
  address[0] = 0x02
  address[15] = last
  return address
}

/** A record that the identity of `fill` signed. */
export function signedRecord(fill: number, last: number, change: Partial<TrackerRecord> = {}): TrackerRecord {
  const address = change.address ?? overlayAddress(last)
  const signature = sign(address, seedOf(fill))
  return { address, signature, port: 5050, priority: 3, clientId: last, ttlSeconds: 3600n, ...change }
}

/** A classic record as the resolver goes on with it. */
export function found({ ttlSeconds, ...record }: TrackerRecord): FoundRecord {
  return { ...record, lifetimeMs: Number(ttlSeconds) * 1000 }
}

/** Bytes that tests can repeat. */
export function seededBytes(seed: number): (byteLength: number) => Uint8Array {
  const random = createRandom(seed)
  return (byteLength) => random.bytes(byteLength)
}

/** A tracker whose every answer a test decides. */
export interface ScriptedTracker {
  readonly address: string
  readonly socket: DatagramSocket
  /** Requests that came, oldest first. */
  readonly requests: TrackerRequest[]
  /** Address URLs they came from. */
  readonly senders: string[]
  close(): Promise<void>
}

/** @param answer - the datagrams to send back; none for silence */
export async function scriptedTracker(
  transport: DatagramTransport,
  address: string,
  answer: (request: TrackerRequest) => Uint8Array[] | undefined,
): Promise<ScriptedTracker> {
  const socket = await transport.open(address)
  const requests: TrackerRequest[] = []
  const senders: string[] = []
  socket.start({
    message: (bytes, from) => {
      const request = decodeRequest(bytes.slice())
      requests.push(request)
      senders.push(from.address)
      for (const datagram of answer(request) ?? []) socket.send(datagram, from)
    },
    closed: () => undefined,
  })
  return { address: socket.localAddress, socket, requests, senders, close: () => socket.close() }
}

/** Answers resolves with `records` and acknowledges announces with 600 s. */
export function knowing(...records: TrackerRecord[]): (request: TrackerRequest) => Uint8Array[] {
  return ({ command, nonce }) => [
    command === 'announce'
      ? encodeAnnounceResponse({ nonce, ttlSeconds: 600n })
      : encodeGetAddrsResponse({ nonce, records }),
  ]
}

/** Let everything that is already under way on an in-memory network arrive. */
export async function settleNetwork(turns = 6): Promise<void> {
  for (let turn = 0; turn < turns; turn++) {
    await new Promise((resolve) => {
      setImmediate(resolve)
    })
  }
}

// Two people of the current generation on each kind of network.
import { sha256 } from '@mimirjs/crypto'
import type { StreamTransport } from '@mimirjs/transport'
import { createMemoryNetwork } from '@mimirjs/transport/memory'
import { tcp } from '@mimirjs/transport/tcp'
import { toHex } from '@mimirjs/wire'
import type { DataHeader } from '@mimirjs/wire/peer'
import type { Connection, DataSink, OutgoingData, PeerError, PeerOptions } from '../../src/index.js'
import { alice, bob } from './keys.js'
import { concat, message } from './machine.js'
import { addressOf, NodeNetwork } from './nodes.js'
import { Resident } from './world.js'

const nodeKey = (byte: number): Uint8Array => new Uint8Array(32).fill(byte)
export const ALICE_NODE: Uint8Array = nodeKey(0xaa)
export const BOB_NODE: Uint8Array = nodeKey(0xbb)

export interface Place {
  readonly alice: StreamTransport
  readonly bob: StreamTransport
  readonly aliceAddress: string
  readonly bobAddress: string
}

/** A network of each kind: how the two reach it, and where they listen. */
export const PLACES: readonly { readonly name: string; readonly provesKeys: boolean; make(): Place }[] = [
  {
    name: 'tcp',
    provesKeys: false,
    make: () => {
      const address = 'tcp://127.0.0.1:0'
      return { alice: tcp(), bob: tcp(), aliceAddress: address, bobAddress: address }
    },
  },
  {
    name: 'memory',
    provesKeys: false,
    make: () => {
      const net = createMemoryNetwork().streams
      return { alice: net, bob: net, aliceAddress: 'memory://alice', bobAddress: 'memory://bob' }
    },
  },
  {
    name: 'nodes',
    provesKeys: true,
    make: () => {
      const net = new NodeNetwork()
      return {
        alice: net.node(ALICE_NODE),
        bob: net.node(BOB_NODE),
        aliceAddress: addressOf(ALICE_NODE),
        bobAddress: addressOf(BOB_NODE),
      }
    },
  },
]

export interface Pair {
  readonly a: Resident
  readonly b: Resident
  /** Alice dialled; bob's end of the same connection. */
  readonly connection: Connection
  readonly back: Connection
  close(): Promise<void>
}

/** Alice has dialled bob; both listen, as everybody does on a network of nodes. */
export async function currentPair(
  place: Place,
  options: Partial<PeerOptions> = {},
  prepare: (a: Resident, b: Resident) => void = () => {},
): Promise<Pair> {
  const a = new Resident(alice, [place.alice], { generation: 'current', ...options })
  const b = new Resident(bob, [place.bob], { generation: 'current', ...options })
  prepare(a, b)
  await a.peer.listen(place.aliceAddress)
  const { address } = await b.peer.listen(place.bobAddress)
  const connection = await a.peer.connect(bob.publicKey, [address])
  await b.until(() => b.connections.length === 1)
  const close = async (): Promise<void> => {
    await Promise.all([a.peer.close(), b.peer.close()])
  }
  return { a, b, connection, back: b.connections[0]!, close }
}

/** Bytes that show when something is lost, doubled or moved. */
export function pattern(byteLength: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(byteLength)
  const words = new Uint32Array(bytes.buffer, 0, byteLength >> 2)
  let value = seed >>> 0 || 1
  for (let at = 0; at < words.length; at++) {
    value = (Math.imul(value, 1_664_525) + 1_013_904_223) >>> 0
    words[at] = value
  }
  return bytes
}

/** A sink that keeps everything. */
export class Kept implements DataSink {
  readonly header: DataHeader
  readonly pieces: Uint8Array[] = []
  ended = false
  error: PeerError | undefined
  readonly #onChange: () => void

  constructor(header: DataHeader, onChange: () => void) {
    this.header = header
    this.#onChange = onChange
  }

  write(bytes: Uint8Array): void {
    this.pieces.push(bytes.slice())
    this.#onChange()
  }

  end(): void {
    this.ended = true
    this.#onChange()
  }

  failed(error: PeerError): void {
    this.error = error
    this.#onChange()
  }

  get bytes(): Uint8Array {
    return concat(this.pieces)
  }
}

/** A file of these bytes, in pieces of so many. */
export function fileOf(guid: bigint, bytes: Uint8Array, pieceBytes = 65_536): OutgoingData {
  async function* source(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes)
  }
  const { payload: _, ...rest } = message(guid)
  return { ...rest, messageType: 4001, dataBytes: bytes.length, source: source() }
}

/** Megabytes are compared by this: the matchers go through them byte by byte. */
export function digest(bytes: Uint8Array): string {
  return `${bytes.length} bytes, ${toHex(sha256(bytes))}`
}

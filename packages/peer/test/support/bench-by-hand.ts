import type { StreamTransport } from '@mimirjs/transport'
import { createMemoryNetwork } from '@mimirjs/transport/memory'
import type { DataFrame } from '@mimirjs/wire/peer'
import type { Connection, PeerOptions } from '../../src/index.js'
import { ALICE_NODE, BOB_NODE } from './current.js'
import { alice, bob } from './keys.js'
import { concat, message } from './machine.js'
import { addressOf, NodeNetwork } from './nodes.js'
import { dialByHand, OPEN_DATA, type Shaken } from './original.js'
import { WireEnd } from './wire-end.js'
import { Resident } from './world.js'

/** Bob as he is, and alice in the hands of a test: she dialled him. */
export interface Bench {
  readonly b: Resident
  readonly shaken: Shaken
  /** What a data stream of alice's begins with. */
  readonly prefix: Uint8Array
  readonly connection: Connection
  /** Alice dials once more, from where she is. */
  dialAgain(): Promise<Shaken>
  /** A stream of alice's to bob, and these bytes on it. */
  open(...parts: Uint8Array[]): Promise<WireEnd>
  close(): Promise<void>
}

export interface BenchOptions {
  /** Leave the handshake without its last frame. */
  readonly lastOk?: boolean
  readonly peer?: Partial<PeerOptions>
  readonly prepare?: (b: Resident) => void
}

/** One on each kind of network: those that prove node keys, and those that do not. */
export const BENCHES: readonly { readonly name: string; make(options?: BenchOptions): Promise<Bench> }[] = [
  {
    name: 'by node key',
    make(options) {
      const net = new NodeNetwork()
      return make(net.node(BOB_NODE), net.node(ALICE_NODE), addressOf(BOB_NODE), () => OPEN_DATA, options)
    },
  },
  {
    name: 'by token',
    make(options) {
      const net = createMemoryNetwork().streams
      return make(net, net, 'memory://bob', ({ token }) => concat([OPEN_DATA, token]), options)
    },
  },
]

async function make(
  bobsNet: StreamTransport,
  alicesNet: StreamTransport,
  address: string,
  prefixOf: (shaken: Shaken) => Uint8Array,
  { lastOk = true, peer = {}, prepare = () => {} }: BenchOptions = {},
): Promise<Bench> {
  const b = new Resident(bob, [bobsNet], { generation: 'current', ...peer })
  prepare(b)
  await b.peer.listen(address)
  const shaken = await dialByHand(alicesNet, address, alice, bob.publicKey, { lastOk })
  if (lastOk) await b.until(() => b.connections.length === 1)
  return {
    b,
    shaken,
    prefix: prefixOf(shaken),
    get connection() {
      return b.connections[0]!
    },
    dialAgain: () => dialByHand(alicesNet, address, alice, bob.publicKey),
    open: async (...parts) => {
      const end = await WireEnd.dial(alicesNet, address)
      return parts.length === 0 ? end : end.write(...parts)
    },
    // The hand does not answer our end with its own.
    close: () => {
      shaken.control.stream.abort()
      return b.peer.close()
    },
  }
}

export function dataFrame(guid: bigint, data: Uint8Array, messageType = 0): DataFrame {
  const { payload: _, ...rest } = message(guid)
  return { ...rest, messageType, data }
}

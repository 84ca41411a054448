import '../lib/with-resolvers.js'
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { tcp } from '@libp2p/tcp'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { createLibp2p, type Libp2p } from 'libp2p'
import { acknowledge, type Pipe, PipeChannel, type Style } from '../lib/pipe.js'
import type { Stack } from '../lib/stack.js'

const PROTOCOL = '/bench/1.0.0'
/** Above anything that is opened here: its guards against floods from one host are not what is measured. */
const ENOUGH = 1_000_000

type LibStream = Awaited<ReturnType<Libp2p['dialProtocol']>>

/** js-libp2p with TCP, Noise and Yamux: one stream per connection. */
export function libp2pStack(style: Style): Stack {
  // One node per lane, because a node joins dials to the same peer that run at the same time.
  const nodes = new Map<number, Promise<Libp2p>>()
  const nodeOf = (lane: number): Promise<Libp2p> => {
    const node = nodes.get(lane) ?? createNode([])
    nodes.set(lane, node)
    return node
  }
  return {
    async serve() {
      const node = await createNode(['/ip4/127.0.0.1/tcp/0'])
      await node.handle(
        PROTOCOL,
        (stream) =>
          acknowledge(
            streamPipe(stream, () => stream.abort(new Error('reset'))),
            style,
          ),
        {
          maxInboundStreams: ENOUGH,
        },
      )
      return node.getMultiaddrs()[0]!.toString()
    },
    async connect(address, lane) {
      const node = await nodeOf(lane)
      const target: Multiaddr = multiaddr(address)
      const connection = await node.dial(target, { force: true })
      const stream = await connection.newStream(PROTOCOL)
      const pipe = streamPipe(stream, () => connection.abort(new Error('the benchmark is done with it')))
      return new PipeChannel(pipe, style)
    },
  }
}

function createNode(listen: string[]): Promise<Libp2p> {
  return createLibp2p({
    addresses: { listen },
    transports: [tcp({ backlog: 4_096 })],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionMonitor: { enabled: false },
    connectionManager: {
      maxConnections: ENOUGH,
      inboundConnectionThreshold: ENOUGH,
      maxIncomingPendingConnections: ENOUGH,
    },
  })
}

function streamPipe(stream: LibStream, reset: () => void): Pipe {
  return {
    write: (bytes) => void stream.send(bytes),
    onData: (handler) => stream.addEventListener('message', (event) => handler(event.data.subarray())),
    reset,
  }
}

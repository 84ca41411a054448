// Datagrams that carry the key of their sender, over UDP on loopback: enough of an overlay for a tracker in another process.
// The address of a node is its key; where its socket is, others learn from what it sends.
import type { DatagramPeer, DatagramTransport } from '@mimirjs/transport'
import { udp } from '@mimirjs/transport/udp'
import { toHex } from '@mimirjs/wire'

/** @param known - where the sockets of some nodes are, by the hex of their keys */
export function overUdp(publicKey: Uint8Array, known: ReadonlyMap<string, string> = new Map()): DatagramTransport {
  return {
    scheme: 'ygg',
    open: async () => {
      const socket = await udp().open('udp://127.0.0.1:0')
      const ways = new Map<string, DatagramPeer>()
      for (const [key, address] of known) ways.set(key, socket.peer(address))
      return {
        localAddress: `ygg://${toHex(publicKey)}:${socket.localAddress.split(':').at(-1)!}`,
        maxDatagramBytes: socket.maxDatagramBytes - 32,
        start: ({ message, closed }) =>
          socket.start({
            message: (bytes, from) => {
              const host = toHex(bytes.subarray(0, 32))
              ways.set(host, from)
              message(bytes.subarray(32), { address: `ygg://${host}:69`, host })
            },
            closed,
          }),
        peer: (address) => ({ address, host: address.slice(6, 70) }),
        send: (bytes, to) => {
          const way = ways.get(to.host ?? '')
          if (way !== undefined) socket.send(Uint8Array.of(...publicKey, ...bytes), way)
        },
        close: () => socket.close(),
      }
    },
  }
}

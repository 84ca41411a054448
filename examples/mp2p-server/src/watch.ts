// Tells of every packet that passes, with -v and -vv.
import type { MulticastNetwork, MulticastSocket } from '@mimirjs/multicast'
import { log } from './log.js'

/** What to say of packets by their first byte; empty for nothing. */
export interface Words {
  readonly sent: readonly string[]
  readonly received: string
}

/** @param level - 0: the network as it is; 1: says what passes; 2: and its bytes */
export function watch(network: MulticastNetwork, level: 0 | 1 | 2, words: Words): MulticastNetwork {
  if (level === 0) return network
  return {
    prefixInterface: (wanted) => network.prefixInterface(wanted),
    open: async (options) => watchSocket(await network.open(options), level, words),
  }
}

function watchSocket(socket: MulticastSocket, level: 1 | 2, words: Words): MulticastSocket {
  const tell = (text: string, bytes: Uint8Array): void => {
    if (text !== '') log(text)
    if (level === 2) log(`  ${bytes.length} bytes: ${Buffer.from(bytes).toString('hex')}`)
  }
  const { localAddress, maxDatagramBytes, interfaceName, port, boundToGroup } = socket
  return {
    localAddress,
    maxDatagramBytes,
    interfaceName,
    port,
    boundToGroup,
    join: (group) => socket.join(group),
    leave: (group) => socket.leave(group),
    peer: (address) => socket.peer(address),
    close: () => socket.close(),
    send(bytes, to) {
      tell(words.sent[bytes[0] ?? 0] ?? '', bytes)
      socket.send(bytes, to)
    },
    start({ message, closed }) {
      socket.start({
        message(bytes, from) {
          tell(words.received, bytes)
          message(bytes, from)
        },
        closed,
      })
    },
  }
}

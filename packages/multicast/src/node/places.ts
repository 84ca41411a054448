import type { DatagramPeer, DatagramSocket } from '@mimirjs/transport'
import { formatGroup } from '../address/index.js'
import type { Place } from '../machine/index.js'

/** `udp://[ff1e::1]:1024`, as sockets take it. */
export function placeAddress({ group, port }: Place): string {
  const host = formatGroup(group)
  return host.includes(':') ? `udp://[${host}]:${port}` : `udp://${host}:${port}`
}

/** The far ends that a socket sends to: a place's text is put together and read once, not for every packet. */
export class Places {
  readonly #socket: DatagramSocket
  /** Places belong to the machine: when it forgets one, so do we. */
  readonly #peers = new WeakMap<Place, DatagramPeer>()

  constructor(socket: DatagramSocket) {
    this.#socket = socket
  }

  peer(place: Place): DatagramPeer {
    let peer = this.#peers.get(place)
    if (peer === undefined) this.#peers.set(place, (peer = this.#socket.peer(placeAddress(place))))
    return peer
  }
}

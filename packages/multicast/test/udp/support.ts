import { networkInterfaces } from 'node:os'
import type { DatagramPeer } from '@mimirjs/transport'
import { parseGroup } from '../../src/address/index.js'
import type { MulticastSocket } from '../../src/node/network.js'

/** The loopback interface: nothing that tests send leaves this machine. */
export const LOOPBACK: string = loopback()

/** A group of the range that belongs to this protocol; each test takes its own. */
export function group(last: number): Uint8Array {
  return parseGroup(`224.0.240.${last}`)
}

/** A reader that keeps what comes. */
export class Reader {
  readonly got: { readonly text: string; readonly from: DatagramPeer }[] = []
  closedTimes = 0
  #changed: () => void = () => {}

  constructor(socket: MulticastSocket) {
    socket.start({
      message: (bytes, from) => {
        this.got.push({ text: new TextDecoder().decode(bytes), from })
        this.#changed()
      },
      closed: () => this.closedTimes++,
    })
  }

  get texts(): string[] {
    return this.got.map(({ text }) => text)
  }

  async until(count: number): Promise<void> {
    while (this.got.length < count) {
      await new Promise<void>((resolve) => {
        this.#changed = resolve
      })
    }
  }
}

function loopback(): string {
  for (const [name, entries] of Object.entries(networkInterfaces())) {
    if (entries?.some(({ address }) => address === '127.0.0.1')) return name
  }
  throw new Error('this machine has no loopback interface with 127.0.0.1')
}

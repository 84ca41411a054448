import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { Meter } from '../lib/meter.js'
import { freePlace, LOOPBACK, type Place } from '../lib/multicast-place.js'
import { ROUND_TRIP_PACKET_BYTES } from '../lib/multicast-sizes.js'
import type { Channel, FloodOptions, FloodResult, Stack } from '../lib/stack.js'

/** What stands in for a lost datagram: after so long without any answer all places are filled again. */
const STALL_MS = 100

/** Bare node:dgram over two groups: whatever comes is sent to the group of the other side, and nothing is known of it. */
export function dgramMulticastStack(): Stack {
  let channel: Promise<Channel> | undefined
  return {
    async serve() {
      const [own, other] = [freePlace(), freePlace()]
      const socket = await openGroup(own)
      socket.on('message', (request) => socket.send(request, other.port, other.group))
      return JSON.stringify([own, other])
    },
    // The server knows one place to answer to: there is one channel.
    connect(address) {
      const [other, own] = JSON.parse(address) as [Place, Place]
      channel ??= openGroup(own).then((socket) => new EchoChannel(socket, other))
      return channel
    },
  }
}

async function openGroup({ group, port }: Place): Promise<Socket> {
  const socket = createSocket('udp4')
  socket.bind(port, group)
  await once(socket, 'listening')
  socket.addMembership(group, LOOPBACK)
  socket.setMulticastInterface(LOOPBACK)
  return socket
}

class EchoChannel implements Channel {
  readonly #socket: Socket
  readonly #other: Place
  #onAnswer: () => void = () => {}

  constructor(socket: Socket, other: Place) {
    this.#socket = socket
    this.#other = other
    socket.on('message', (answer) => {
      if (answer.length !== ROUND_TRIP_PACKET_BYTES) throw new Error(`an answer of ${answer.length} bytes`)
      this.#onAnswer()
    })
  }

  flood(options: FloodOptions): Promise<FloodResult> {
    const meter = new Meter(options)
    return new Promise((resolve) => {
      let answered = 0
      let answeredBefore = 0
      const refill = setInterval(() => {
        if (answered === answeredBefore) for (let i = 0; i < options.depth; i++) this.#send()
        answeredBefore = answered
      }, STALL_MS)
      this.#onAnswer = () => {
        answered++
        if (!meter.acknowledged(1)) return this.#send()
        clearInterval(refill)
        this.#onAnswer = () => {}
        resolve(meter.result)
      }
      for (let i = 0; i < options.depth; i++) this.#send()
    })
  }

  once(): Promise<void> {
    return new Promise((resolve) => {
      this.#onAnswer = resolve
      this.#send()
    })
  }

  reset(): void {
    this.#socket.close()
  }

  #send(): void {
    this.#socket.send(Buffer.allocUnsafe(ROUND_TRIP_PACKET_BYTES), this.#other.port, this.#other.group)
  }
}

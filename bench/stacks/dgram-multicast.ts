import { createCipheriv, createDecipheriv } from 'node:crypto'
import { createSocket, type Socket, type SocketOptions } from 'node:dgram'
import { once } from 'node:events'
import { Meter } from '../lib/meter.js'
import { freePlace, LOOPBACK, type Place } from '../lib/multicast-place.js'
import { ROUND_TRIP_BYTES, ROUND_TRIP_PACKET_BYTES } from '../lib/multicast-sizes.js'
import type { Channel, FloodOptions, FloodResult, Stack } from '../lib/stack.js'

/**
 * `default`: sockets as node makes them, which pass every address through the resolver, and never look at what comes.
 * `without-lookup`: an address is taken as it is, the fastest that sockets can be in Node. `sealed`: the same, and both
 * sides open what comes and seal what goes, under one key for ever: what Node allows a protocol that encrypts.
 */
type Kind = 'default' | 'without-lookup' | 'sealed'

/** What stands in for a lost datagram: after so long without any answer all places are filled again. */
const STALL_MS = 100
const ALGORITHM = 'aes-256-gcm'
const KEY = Buffer.alloc(32, 7)
const NONCE_BYTES = 12
/** As many bytes before what is sealed as a packet of the protocol has. */
const SEALED_AT = ROUND_TRIP_PACKET_BYTES - ROUND_TRIP_BYTES - 16
const NONCE_AT = SEALED_AT - NONCE_BYTES
const TAG_AT = SEALED_AT + ROUND_TRIP_BYTES
const QUESTION = Buffer.alloc(ROUND_TRIP_BYTES)

/** Bare node:dgram over two groups: whatever comes is answered with as many bytes to the group of the other side. */
export function dgramMulticastStack(kind: Kind): Stack {
  let channel: Promise<Channel> | undefined
  return {
    async serve() {
      const [own, other] = [freePlace(), freePlace()]
      const socket = await openGroup(own, kind)
      socket.on('message', (request) => {
        socket.send(kind === 'sealed' ? seal(open(request)) : request, other.port, other.group)
      })
      return JSON.stringify([own, other])
    },
    // The server knows one place to answer to: there is one channel.
    connect(address) {
      const [other, own] = JSON.parse(address) as [Place, Place]
      channel ??= openGroup(own, kind).then((socket) => new EchoChannel(socket, other, kind === 'sealed'))
      return channel
    },
  }
}

async function openGroup({ group, port }: Place, kind: Kind): Promise<Socket> {
  const options: SocketOptions = { type: 'udp4' }
  if (kind !== 'default') options.lookup = (address, _options, done) => done(null, address, 4)
  const socket = createSocket(options)
  // Without a lookup the socket listens before bind() returns.
  const listening = once(socket, 'listening')
  socket.bind(port, group)
  await listening
  socket.addMembership(group, LOOPBACK)
  socket.setMulticastInterface(LOOPBACK)
  return socket
}

let sealed = 0

function seal(payload: Uint8Array): Buffer {
  const packet = Buffer.allocUnsafe(ROUND_TRIP_PACKET_BYTES)
  packet.fill(0, NONCE_AT, SEALED_AT)
  packet.writeUInt32BE(process.pid, NONCE_AT)
  packet.writeUInt32BE(++sealed, NONCE_AT + 4)
  const cipher = createCipheriv(ALGORITHM, KEY, packet.subarray(NONCE_AT, SEALED_AT))
  cipher.update(payload).copy(packet, SEALED_AT)
  cipher.final()
  cipher.getAuthTag().copy(packet, TAG_AT)
  return packet
}

function open(packet: Buffer): Uint8Array {
  const decipher = createDecipheriv(ALGORITHM, KEY, packet.subarray(NONCE_AT, SEALED_AT))
  decipher.setAuthTag(packet.subarray(TAG_AT))
  const payload = decipher.update(packet.subarray(SEALED_AT, TAG_AT))
  decipher.final()
  return payload
}

class EchoChannel implements Channel {
  readonly #socket: Socket
  readonly #other: Place
  readonly #isSealed: boolean
  #onAnswer: () => void = () => {}

  constructor(socket: Socket, other: Place, isSealed: boolean) {
    this.#socket = socket
    this.#other = other
    this.#isSealed = isSealed
    socket.on('message', (answer) => {
      if (answer.length !== ROUND_TRIP_PACKET_BYTES) throw new Error(`an answer of ${answer.length} bytes`)
      if (isSealed) open(answer)
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
    const packet = this.#isSealed ? seal(QUESTION) : Buffer.allocUnsafe(ROUND_TRIP_PACKET_BYTES)
    this.#socket.send(packet, this.#other.port, this.#other.group)
  }
}

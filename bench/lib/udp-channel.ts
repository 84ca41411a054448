import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { Meter } from './meter.js'
import type { Channel, FloodOptions, FloodResult } from './stack.js'

/** What stands in for lost datagrams: after so long without any answer all places are filled again. */
const STALL_MS = 100
/** Where the nonce is in a classic tracker request (`version u8 | nonce u32 | …`) and in its answer. */
const REQUEST_NONCE_AT = 1
const ANSWER_NONCE_AT = 0

/**
 * A client of a datagram server: the same bare socket, connected, for every server.
 *
 * @param requests - sent in turn, each time under a new nonce
 */
export async function openUdpChannel(
  port: number,
  requests: readonly Uint8Array[],
  answerBytes: number,
): Promise<Channel> {
  const socket = createSocket('udp4')
  socket.connect(port, '127.0.0.1')
  await once(socket, 'connect')
  socket.setRecvBufferSize(1 << 20)
  return new UdpChannel(socket, requests, answerBytes)
}

class UdpChannel implements Channel {
  readonly #socket: Socket
  readonly #requests: readonly Uint8Array[]
  #nonce = 0
  #onAnswer: () => void = () => {}

  constructor(socket: Socket, requests: readonly Uint8Array[], answerBytes: number) {
    this.#socket = socket
    this.#requests = requests
    socket.on('message', (answer) => {
      if (answer.length !== answerBytes) throw new Error(`an answer of ${answer.length} bytes, expected ${answerBytes}`)
      if (answer.readUInt32BE(ANSWER_NONCE_AT) > this.#nonce) throw new Error('an answer to nothing that was asked')
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
    const template = this.#requests[this.#nonce % this.#requests.length]!
    const request = Buffer.allocUnsafe(template.length)
    request.set(template)
    request.writeUInt32BE(++this.#nonce, REQUEST_NONCE_AT)
    this.#socket.send(request)
  }
}

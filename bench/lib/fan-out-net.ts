import { createServer, type Socket } from 'node:net'
import { PAGE_MESSAGES } from './fan-out.js'
import { ACKNOWLEDGEMENT, type FrameTemplate, pageFrame, pushTemplate, sendTemplate } from './fan-out-frames.js'
import { listenOnLoopback } from './loopback.js'

// The limit of fan-out: a server that reads as many bytes as ours and writes as many to everybody, and neither looks at
// them, nor stores, checks or counts anything.

/** What a connection says first; then comes the room in one byte. */
export const NET_SUBSCRIBE = 1
export const NET_SEND = 2
export const NET_PAGES = 3

/** @param style - `coalesced` writes once per subscriber and chunk that came in, `plain` once per message */
export function serveNetRooms(rooms: number, style: 'plain' | 'coalesced'): Promise<number> {
  const subscribers: Socket[][] = Array.from({ length: rooms }, () => [])
  const page = pageFrame(PAGE_MESSAGES)
  const [push, send] = [pushTemplate(1n), sendTemplate(1n, 0)]
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => socket.destroy())
    socket.once('data', (hello: Buffer) => {
      const [kind, room = 0] = hello
      if (kind === NET_SUBSCRIBE) subscribers[room]!.push(socket)
      else if (kind === NET_PAGES)
        socket.on('data', (chunk: Buffer) => {
          for (let index = 0; index < chunk.length; index++) socket.write(page)
        })
      else new Publisher(socket, send, push, subscribers, style)
      socket.write(hello)
    })
  })
  return listenOnLoopback(server)
}

/** One sender: requests of one size, whose room is the last byte of their chat id. */
class Publisher {
  readonly #socket: Socket
  readonly #send: FrameTemplate
  readonly #push: FrameTemplate
  readonly #subscribers: readonly (readonly Socket[])[]
  readonly #style: 'plain' | 'coalesced'
  #rest: Buffer = Buffer.alloc(0)

  constructor(
    socket: Socket,
    send: FrameTemplate,
    push: FrameTemplate,
    subscribers: readonly (readonly Socket[])[],
    style: 'plain' | 'coalesced',
  ) {
    this.#socket = socket
    this.#send = send
    this.#push = push
    this.#subscribers = subscribers
    this.#style = style
    socket.on('data', (chunk: Buffer) => this.#take(chunk))
  }

  #take(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    const size = this.#send.frame.length
    const count = Math.floor(bytes.length / size)
    const byRoom = new Map<number, Buffer[]>()
    for (let index = 0; index < count; index++) {
      const at = index * size
      const room = bytes[at + ROOM_OFFSET]! - 1
      const frame = this.#pushOf(bytes, at)
      const frames = byRoom.get(room)
      if (frames === undefined) byRoom.set(room, [frame])
      else frames.push(frame)
    }
    this.#rest = bytes.subarray(count * size)
    for (const [room, frames] of byRoom) {
      const writes = this.#style === 'plain' ? frames : [Buffer.concat(frames)]
      for (const socket of this.#subscribers[room] ?? []) for (const write of writes) socket.write(write)
    }
    this.#socket.write(Buffer.concat(Array(count).fill(ACKNOWLEDGEMENT)))
  }

  #pushOf(bytes: Buffer, at: number): Buffer {
    const { frame, blobOffset } = this.#push
    const push = Buffer.from(frame)
    bytes.copy(push, blobOffset, at + this.#send.blobOffset, at + this.#send.blobOffset + 8)
    return push
  }
}

/** Header, tag and length of the chat id, and its seven upper bytes. */
const ROOM_OFFSET = 7 + 2 + 7

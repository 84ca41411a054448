import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

const HEAD_END = Buffer.from('\r\n\r\n')
/** RFC 6455, 1.3. */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
const TEXT = 0x81
const MASKED = 0x80

/**
 * The client's end of a WebSocket, by hand: frames are prepared and joined, so that the load costs little beside the
 * server that is measured. It takes whole text frames and nothing else, which is all that the servers here send.
 */
export class WsSocket {
  onText: (payload: Buffer) => void = () => {}
  readonly #socket: Socket
  #rest: Buffer

  private constructor(socket: Socket, rest: Buffer) {
    this.#socket = socket
    this.#rest = rest
    socket.on('data', (chunk: Buffer) => this.#read(chunk))
    socket.resume()
  }

  static async connect(port: number, subprotocol: string): Promise<WsSocket> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    await once(socket, 'connect')
    const key = randomBytes(16).toString('base64')
    socket.write(
      `GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\nSec-WebSocket-Protocol: ${subprotocol}\r\n\r\n`,
    )
    const rest = await afterHead(socket, createHash('sha1').update(`${key}${GUID}`).digest('base64'))
    socket.on('error', () => socket.destroy())
    return new WsSocket(socket, rest)
  }

  /** @param frames - of {@link textFrame}, one or several */
  send(frames: Uint8Array): void {
    this.#socket.write(frames)
  }

  /** The next text; nothing may be lost by calling it late, so it is called before the question is sent. */
  next(): Promise<string> {
    return new Promise((resolve, reject) => {
      const closed = (): void => reject(new Error('the server closed the connection'))
      this.#socket.once('close', closed)
      this.onText = (payload) => {
        this.#socket.off('close', closed)
        this.onText = () => {}
        resolve(payload.toString('latin1'))
      }
    })
  }

  async ask(frame: Uint8Array): Promise<string> {
    const answer = this.next()
    this.send(frame)
    return answer
  }

  reset(): void {
    this.#socket.resetAndDestroy()
  }

  #read(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    let at = 0
    for (;;) {
      const frame = frameAt(bytes, at)
      if (frame === undefined) break
      at = frame.end
      this.onText(bytes.subarray(frame.start, frame.end))
    }
    this.#rest = bytes.subarray(at)
  }
}

/** A masked frame, as clients have to send it; the mask is zero, which changes nothing in what it masks. */
export function textFrame(text: string): Buffer {
  const payload = Buffer.from(text)
  const head =
    payload.length < 126
      ? Buffer.from([TEXT, MASKED | payload.length])
      : Buffer.from([TEXT, MASKED | 126, payload.length >> 8, payload.length & 0xff])
  return Buffer.concat([head, Buffer.alloc(4), payload])
}

function frameAt(bytes: Buffer, at: number): { start: number; end: number } | undefined {
  if (at + 4 > bytes.length) return undefined
  if (bytes[at] !== TEXT) throw new Error(`a frame that begins with ${bytes[at]?.toString(16)}, expected a whole text`)
  const short = bytes[at + 1] ?? 0
  if (short > 126) throw new Error('a frame of 64 KiB or more')
  const start = at + (short < 126 ? 2 : 4)
  const end = start + (short < 126 ? short : bytes.readUInt16BE(at + 2))
  return end > bytes.length ? undefined : { start, end }
}

async function afterHead(socket: Socket, accept: string): Promise<Buffer> {
  let bytes = Buffer.alloc(0)
  for (;;) {
    const [chunk] = (await once(socket, 'data')) as [Buffer]
    socket.pause()
    bytes = Buffer.concat([bytes, chunk])
    const end = bytes.indexOf(HEAD_END)
    if (end < 0) {
      socket.resume()
      continue
    }
    const head = bytes.toString('latin1', 0, end)
    if (!head.includes(accept)) throw new Error(`no WebSocket: ${head.split('\r\n', 1)[0]}`)
    return bytes.subarray(end + HEAD_END.length)
  }
}

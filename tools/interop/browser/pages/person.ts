// Somebody on the overlay. The same program runs in pages and in Node: what it takes and returns goes through JSON.
import { randomBytes } from '@mimirjs/crypto'
import type { ByteStream, DatagramSocket } from '@mimirjs/transport'
import { formatKey, Yggdrasil } from '@mimirjs/yggdrasil'

export interface PersonOptions {
  readonly peers?: readonly string[]
  readonly listen?: readonly string[]
}

/** An echo that came back. */
export interface Echo {
  /** Whether it is what was sent. */
  readonly isSame: boolean
  /** Who sent it, as proven, in hex. */
  readonly from: string
}

export class Person {
  /** 64 hex digits. */
  readonly key: string
  readonly listenAddresses: readonly string[]
  /** What was told about peers, in words. */
  readonly events: string[] = []
  readonly #node: Yggdrasil
  readonly #talks: Talk[] = []
  readonly #sockets = new Map<number, Socket>()
  /** Raw packets that were sent, and who is to be told whom they came back from. */
  readonly #packets = new Map<string, (from: string) => void>()

  private constructor(node: Yggdrasil) {
    this.#node = node
    this.key = formatKey(node.publicKey)
    this.listenAddresses = node.listenAddresses
    node.on('peerUp', ({ incoming, publicKey }) => {
      this.events.push(`up ${incoming ? 'in' : 'out'} ${formatKey(publicKey)}`)
    })
    node.on('peerDown', ({ publicKey, error }) => {
      this.events.push(`down ${error?.code ?? 'in order'} ${formatKey(publicKey)}`)
    })
    node.on('peerRetry', ({ error }) => this.events.push(`retry ${error.code}: ${error.message}`))
    node.receive((from, packet) => {
      const content = text(packet)
      const answer = this.#packets.get(content)
      if (answer === undefined) node.send(from, packet)
      else answer(formatKey(from))
      this.#packets.delete(content)
    })
  }

  static async start(options: PersonOptions): Promise<Person> {
    return new Person(await Yggdrasil.start(options))
  }

  online(): Promise<void> {
    return this.#node.online()
  }

  retryNow(): void {
    this.#node.retryNow()
  }

  /** Echo whatever comes by stream and datagram to this port. Raw packets are always echoed. */
  async serve(port: number): Promise<void> {
    await this.#node.listen(port, {
      onStream: (stream) => {
        stream.start({
          data: (chunk) => {
            if (!stream.write(chunk.slice())) stream.pause()
          },
          end: () => stream.end(),
          drain: () => stream.resume(),
          closed: () => {},
        })
      },
    })
    this.#socket(port).echoes = true
  }

  /** Send bytes of chance by stream, half-close, and read until the other end closes in order too. */
  async transfer(key: string, port: number, sizeBytes: number): Promise<Echo> {
    const content = randomBytes(sizeBytes)
    const stream = await this.#node.openStream(key, port)
    return new Promise((resolve, reject) => {
      const came: Uint8Array[] = []
      stream.start({
        data: (chunk) => came.push(chunk.slice()),
        end() {},
        drain() {},
        closed: (error) => {
          if (error === undefined) resolve({ isSame: isSame(came, content), from: senderOf(stream) })
          else reject(error)
        },
      })
      stream.write(content.slice())
      stream.end()
    })
  }

  /** Open a stream for short texts. @returns its number */
  async open(key: string, port: number): Promise<number> {
    return this.#talks.push(new Talk(await this.#node.openStream(key, port))) - 1
  }

  /** Say something in a stream, and wait for its echo. @param talk - the number of the stream */
  say(talk: number, words: string): Promise<string> {
    return this.#talk(talk).say(words)
  }

  /** @returns how it ended: `in order`, or the code of the error */
  ended(talk: number): Promise<string> {
    return this.#talk(talk).ended
  }

  /** Send a datagram, and wait for its echo. */
  datagram(key: string, port: number, words: string): Promise<string> {
    return this.#socket(port).ask(key, words)
  }

  /** Send a raw packet of chance, and wait for the same to come back. @returns the key it came from */
  packet(key: string, sizeBytes: number): Promise<string> {
    const content = randomBytes(sizeBytes)
    return new Promise((resolve) => {
      this.#packets.set(text(content), resolve)
      this.#node.send(key, content)
    })
  }

  close(): Promise<void> {
    return this.#node.close()
  }

  #talk(number: number): Talk {
    const talk = this.#talks[number]
    if (talk === undefined) throw new Error(`no stream ${number}`)
    return talk
  }

  #socket(port: number): Socket {
    const socket = this.#sockets.get(port) ?? new Socket(this.#node.datagrams(port))
    this.#sockets.set(port, socket)
    return socket
  }
}

/** A stream of short texts to somebody who echoes them. */
class Talk {
  readonly ended: Promise<string>
  readonly #stream: ByteStream
  #heard = ''
  #check = (): void => {}

  constructor(stream: ByteStream) {
    this.#stream = stream
    this.ended = new Promise((resolve) => {
      stream.start({
        data: (chunk) => {
          this.#heard += text(chunk)
          this.#check()
        },
        end: () => stream.end(),
        drain() {},
        closed: (error) => resolve(error?.code ?? 'in order'),
      })
    })
  }

  async say(words: string): Promise<string> {
    this.#heard = ''
    this.#stream.write(bytes(words))
    await new Promise<void>((resolve) => {
      this.#check = () => {
        if (this.#heard.length >= words.length) resolve()
      }
    })
    return this.#heard
  }
}

class Socket {
  echoes = false
  readonly #socket: DatagramSocket
  readonly #asked = new Map<string, (echo: string) => void>()

  constructor(socket: DatagramSocket) {
    this.#socket = socket
    socket.start({
      message: (datagram, from) => {
        const words = text(datagram)
        const answer = this.#asked.get(words)
        if (answer !== undefined) answer(`${words} from ${from.host}`)
        else if (this.echoes) socket.send(datagram.slice(), from)
        this.#asked.delete(words)
      },
      closed() {},
    })
  }

  ask(key: string, words: string): Promise<string> {
    return new Promise((resolve) => {
      this.#asked.set(words, resolve)
      this.#socket.send(bytes(words), this.#socket.peer(`ygg://${key}:${portOf(this.#socket.localAddress)}`))
    })
  }
}

function portOf(address: string): string {
  return address.slice(address.lastIndexOf(':') + 1)
}

function senderOf({ remotePublicKey }: ByteStream): string {
  return remotePublicKey === undefined ? 'nobody knows' : formatKey(remotePublicKey)
}

function isSame(chunks: readonly Uint8Array[], content: Uint8Array): boolean {
  let at = 0
  for (const chunk of chunks) {
    for (const byte of chunk) if (byte !== content[at++]) return false
  }
  return at === content.length
}

function bytes(words: string): Uint8Array {
  return new TextEncoder().encode(words)
}

/** One character for each byte, so that nothing is lost of what is not text. */
function text(content: Uint8Array): string {
  let words = ''
  for (const byte of content) words += String.fromCharCode(byte)
  return words
}

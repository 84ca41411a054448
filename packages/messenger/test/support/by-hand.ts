// Somebody whose program is a test: an attacker, or an original client with its faults. It speaks the current generation
// on a network that proves node keys, with one control stream and one data stream per direction, and what it writes is
// put together by hand: nothing keeps it from writing what no program of ours would.
import { createSigner, generateSeed, type SeedSigner } from '@mimirjs/crypto'
import { type StreamTransport, Transports } from '@mimirjs/transport'
import { createClock } from '@mimirjs/transport/testing'
import { fromHex, toHex } from '@mimirjs/wire'
import { type DataFrame, encodeDataFrame, type PeerFrame } from '@mimirjs/wire/peer'
import { afterEach, onTestFinished } from 'vitest'
import { addressOf, NodeNetwork } from '../../../peer/test/support/nodes.js'
import { answerByHand, dialByHand, OPEN_DATA } from '../../../peer/test/support/original.js'
import { WireEnd } from '../../../peer/test/support/wire-end.js'
import { createMemoryStore, Messenger, type MessengerOptions } from '../../src/index.js'
import { type CurrentPerson, settle } from './current.js'
import { open as openMessengers } from './world.js'

/** Cut when the test is over, before the messengers close, which would wait for what is not acknowledged. */
const open: Line[] = []
afterEach(() => {
  for (const line of open.splice(0)) line.cut()
})

/** People of ours and people by hand on a network of nodes, and a clock that is turned by hand. */
export function createOverlay() {
  const clock = createClock(1_700_000_000_000)
  const net = new NodeNetwork()
  let nodes = 0
  const newNode = (): Uint8Array => {
    nodes++
    return new Uint8Array(32).map((_, at) => (at < 30 ? 0x70 : nodes >> (8 * (31 - at))))
  }
  return {
    clock,
    /** One of ours, listening. @param options - `folder` for files; without it none is to be made */
    async person({
      folder = 'unused',
      ...options
    }: MessengerOptions & { folder?: string } = {}): Promise<CurrentPerson> {
      const node = newNode()
      const parts = {
        signer: options.signer ?? createSigner(generateSeed()),
        store: options.store ?? createMemoryStore(),
        transports: new Transports([net.node(node)]),
      }
      const retry = { minMs: 5, maxMs: 50 }
      const messenger = await Messenger.open(folder, { clock, generation: 'current', retry, ...options, ...parts })
      openMessengers.push(messenger)
      const address = await messenger.listen(addressOf(node))
      return { messenger, address, parts, key: messenger.publicKey }
    },
    /** @param signer - the identity; several hands may have the same */
    hand(signer: SeedSigner = createSigner(generateSeed())): Hand {
      const node = newNode()
      return new Hand(net.node(node), addressOf(node), signer)
    },
    /** Let so much time pass, in steps that leave room for questions and answers. */
    async pass(ms: number, stepMs = 1_000): Promise<void> {
      const untilMs = clock.nowMs() + ms
      while (clock.nowMs() < untilMs) {
        await settle()
        clock.advance(Math.min(stepMs, untilMs - clock.nowMs()))
      }
      await settle()
    },
  }
}

/** An identity on a node of its own. */
export class Hand {
  readonly signer: SeedSigner
  /** 64 hex digits. */
  readonly key: string
  readonly net: StreamTransport
  /** Where {@link answer} takes connections. */
  readonly address: string
  /** Connections that were made to us, oldest first. */
  readonly lines: Line[] = []
  /** Data streams that were opened to us, oldest first. */
  readonly data: WireEnd[] = []
  readonly #waiting = new Set<() => void>()

  constructor(net: StreamTransport, address: string, signer: SeedSigner) {
    this.net = net
    this.address = address
    this.signer = signer
    this.key = toHex(signer.publicKey)
  }

  /** Connect, prove who we are, be ready. */
  async dial({ address, key }: Pick<CurrentPerson, 'address' | 'key'>): Promise<Line> {
    const { control } = await dialByHand(this.net, address, this.signer, fromHex(key))
    // CHALLENGE, OK and CHALLENGE_ANSWER2 came before.
    return new Line(this, address, control, 3)
  }

  /**
   * Take connections and data streams from now on.
   * @param onLine - told of each connection as soon as it is ready
   */
  async answer(onLine: (line: Line) => void = () => {}): Promise<void> {
    const listener = await this.net.listen(this.address, {
      onStream: (stream) => {
        const end = new WireEnd(stream)
        this.#arrived(end, onLine).catch((error: unknown) => {
          // They may leave in the middle, and do when we are not whom they want.
          if (!end.closed) throw error
        })
      },
    })
    onTestFinished(() => listener.close())
  }

  /** Resolves when this is true of what was opened to us. */
  until(isTrue: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!isTrue()) return
        this.#waiting.delete(look)
        resolve()
      }
      this.#waiting.add(look)
      look()
    })
  }

  async #arrived(end: WireEnd, onLine: (line: Line) => void): Promise<void> {
    await end.until(() => end.bytes.length > 0 || end.closed)
    if (end.bytes[0] === 1) {
      endWith(end)
      this.data.push(end)
    } else if (end.bytes[0] === 0) {
      await answerByHand(end, this.signer)
      // HELLO, CHALLENGE_ANSWER, CHALLENGE2 and OK came before.
      const line = new Line(this, undefined, end, 4)
      this.lines.push(line)
      onLine(line)
    }
    for (const look of [...this.#waiting]) look()
  }
}

/** One connection of a {@link Hand}, ready. */
export class Line {
  readonly control: WireEnd
  /** PING has its PONG, as with every program that lives. */
  answersPings = true
  readonly #hand: Hand
  /** Where the other side is; `undefined` when it came to us. */
  readonly #address: string | undefined
  /** Frames that came during the handshake. */
  readonly #shakenFrames: number
  /** Of those since: which were taken. */
  readonly #taken = new Set<number>()

  constructor(hand: Hand, address: string | undefined, control: WireEnd, shakenFrames: number) {
    this.#hand = hand
    this.#address = address
    this.control = control
    this.#shakenFrames = shakenFrames
    open.push(this)
    endWith(control)
    let answered = 0
    void control.until(() => {
      const pings = this.of('ping').length
      for (; this.answersPings && answered < pings; answered++) this.say({ type: 'pong' })
      return control.closed
    })
  }

  say(...frames: PeerFrame[]): this {
    this.control.frame(...frames)
    return this
  }

  /** Bytes, whatever they mean. */
  write(...bytes: Uint8Array[]): this {
    this.control.write(...bytes)
    return this
  }

  /** All frames that came since the handshake. */
  get frames(): PeerFrame[] {
    return this.control.frames().slice(this.#shakenFrames)
  }

  of<T extends PeerFrame['type']>(type: T): (PeerFrame & { readonly type: T })[] {
    return this.frames.filter((frame): frame is PeerFrame & { readonly type: T } => frame.type === type)
  }

  /** Guids that were acknowledged to us. */
  get acknowledged(): bigint[] {
    return this.of('ok').map(({ id }) => id)
  }

  /** The next frame of this type that was not taken; others are passed over. */
  async heard<T extends PeerFrame['type']>(type: T): Promise<PeerFrame & { readonly type: T }> {
    const isNew = (_: unknown, at: number): boolean => !this.#taken.has(at)
    const find = (): number => this.frames.findIndex((frame, at) => frame.type === type && isNew(frame, at))
    await this.control.until(() => find() >= 0 || this.control.closed)
    const at = find()
    if (at < 0) throw new Error(`no ${type} came before the end`)
    this.#taken.add(at)
    return this.frames[at] as PeerFrame & { readonly type: T }
  }

  /** Everything said so far was read by the other side, and what follows from that has happened. */
  async echo(): Promise<void> {
    const before = this.of('pong').length
    this.say({ type: 'ping' })
    await this.control.until(() => this.of('pong').length > before || this.control.closed)
    if (this.control.closed) throw new Error('the other side has closed the connection')
    await settle()
  }

  /** A data stream of ours to the other side. */
  async openData(...parts: Uint8Array[]): Promise<WireEnd> {
    if (this.#address === undefined) throw new Error('nobody knows where they are')
    const end = await WireEnd.dial(this.#hand.net, this.#address)
    endWith(end)
    return end.write(OPEN_DATA, ...parts)
  }

  cut(): void {
    this.control.stream.abort()
  }
}

/** The other side waits for our end when it has ended the stream. */
function endWith(end: WireEnd): void {
  void end
    .until(() => end.ended || end.closed)
    .then(() => {
      if (!end.closed) end.stream.end()
    })
}

const NO_NUMBERS = { replyTo: 0n, sendTimeMs: 1_700_000_000_000n, editTimeMs: 0n } as const

/** A message as one says it on the control stream. */
export function text(
  guid: bigint,
  words: string | Uint8Array = 'hello',
  change: Partial<Omit<PeerFrame & { type: 'text' }, 'type' | 'guid' | 'payload'>> = {},
): PeerFrame {
  const payload = typeof words === 'string' ? new TextEncoder().encode(words) : words
  return { type: 'text', guid, messageType: 0, ...NO_NUMBERS, ...change, payload }
}

/** The same on the data stream, as bytes. */
export function dataOf(guid: bigint, data: Uint8Array, change: Partial<DataFrame> = {}): Uint8Array {
  return encodeDataFrame({ guid, messageType: 0, ...NO_NUMBERS, ...change, data })
}

export function json(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value))
}

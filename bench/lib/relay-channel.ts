import { createSigner, type SeedSigner } from '@mimirjs/crypto'
import { Meter } from './meter.js'
import type { Channel, FloodOptions, FloodResult } from './stack.js'
import { textFrame, type WsSocket } from './ws-socket.js'

/** Pairs of people, of whom one sends to the other. */
const PAIRS = 16
/** Keys of logins that are over are used again, when so many others were since: by then the server knows that they are. */
const RESTING_KEYS = 256

/** How clients of a relay log in, and what they send. */
export interface RelayDialect {
  /** A connection that the server has said it knows. */
  logIn(port: number, signer: SeedSigner): Promise<WsSocket>
  /** What makes the server hand so many bytes of content on. */
  message(from: SeedSigner, to: SeedSigner, bodyBytes: number): string
}

/** The clients of one process, each with a key of its own. */
export class RelayClients {
  readonly #dialect: RelayDialect
  /** Of those that are over, the oldest first. */
  readonly #over: SeedSigner[] = []
  #count = 0

  constructor(dialect: RelayDialect) {
    this.#dialect = dialect
  }

  async connect(address: string): Promise<Channel> {
    const own = await this.#logIn(address)
    return {
      // The last word of a login was the server's.
      once: async () => {},
      flood: (options) => this.#flood(address, options),
      reset: () => {
        own.socket.reset()
        this.#over.push(own.signer)
      },
    }
  }

  /** `depth` messages under way between {@link PAIRS} pairs, each replaced when it has come out at the other end. */
  async #flood(address: string, options: FloodOptions): Promise<FloodResult> {
    const { depth, bodyBytes } = options
    const meter = new Meter(options)
    const window = Math.max(1, Math.floor(depth / PAIRS))
    const pairs = await Promise.all(
      Array.from({ length: PAIRS }, async () => {
        const [from, to] = [await this.#logIn(address), await this.#logIn(address)]
        const frame = textFrame(this.#dialect.message(from.signer, to.signer, bodyBytes))
        return { from, to, frames: Buffer.concat(Array.from({ length: window }, () => frame)), frame }
      }),
    )
    await new Promise<void>((resolve) => {
      for (const { from, to, frame, frames } of pairs) {
        // All that came in one turn is replaced by one write.
        let arrived = 0
        const replace = (): void => {
          const isOver = meter.acknowledged(arrived)
          if (isOver) resolve()
          else from.socket.send(frames.subarray(0, arrived * frame.length))
          arrived = 0
        }
        to.socket.onText = () => {
          if (++arrived === 1) process.nextTick(replace)
        }
        from.socket.onText = (text) => {
          throw new Error(`the server said ${text.toString('latin1')}`)
        }
        from.socket.send(frames)
      }
    })
    for (const { from, to } of pairs) for (const { socket } of [from, to]) socket.reset()
    return meter.result
  }

  async #logIn(address: string): Promise<{ signer: SeedSigner; socket: WsSocket }> {
    const rested = this.#over.length > RESTING_KEYS ? this.#over.shift() : undefined
    const signer = rested ?? createSigner(seedOf(this.#count++))
    return { signer, socket: await this.#dialect.logIn(Number(address), signer) }
  }
}

function seedOf(number: number): Uint8Array {
  const seed = new Uint8Array(32).fill(0x42)
  new DataView(seed.buffer).setUint32(0, number)
  return seed
}

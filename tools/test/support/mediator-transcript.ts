import { createSigner } from '@mimirjs/crypto'
import { createMediator, type Mediator } from '@mimirjs/mediator'
import { type ByteStream, Transports } from '@mimirjs/transport'
import { tcp } from '@mimirjs/transport/tcp'
import { createClock } from '@mimirjs/transport/testing'
import { fromHex, toHex } from '@mimirjs/wire'
import type { MediatorDialect } from '@mimirjs/wire/mediator'

export type TranscriptClient = 'alice' | 'bob'

/** One frame, or the opening, on the connection of one client. */
export interface TranscriptLine {
  readonly connection: TranscriptClient
  readonly from: 'client' | 'mediator'
  /** Name of a command, a push, or `opening`, `error`. */
  readonly type: string
  readonly hex: string
  readonly note?: string
}

/** A whole session of two clients with a mediator whose clock stands and whose chance is counted. */
export interface Transcript {
  readonly name: string
  readonly description: string
  readonly dialect: MediatorDialect
  readonly seeds: Readonly<Record<'mediator' | TranscriptClient, string>>
  readonly timeSeconds: number
  readonly lines: readonly TranscriptLine[]
  readonly source: string
}

const transports = new Transports([tcp()])

/** A mediator as the transcripts have it; its random bytes are for the caller to fix. */
export async function startMediator(
  transcript: Pick<Transcript, 'dialect' | 'seeds' | 'timeSeconds'>,
): Promise<Mediator> {
  const { dialect, seeds, timeSeconds } = transcript
  const tlvDialect = dialect === 'binary' ? undefined : dialect
  return await createMediator({
    signer: createSigner(fromHex(seeds.mediator)),
    transports,
    listen: [{ address: 'tcp://127.0.0.1:0', tlvDialect }],
    store: ':memory:',
    clock: createClock(timeSeconds * 1000),
  })
}

/** A connection that keeps all it hears. */
export class Wiretap {
  readonly #stream: ByteStream
  readonly #heard: Uint8Array[] = []
  #heardBytes = 0
  #isOver = false
  #wake: () => void = () => {}

  private constructor(stream: ByteStream) {
    this.#stream = stream
    stream.start({
      data: (chunk) => {
        this.#heard.push(chunk.slice())
        this.#heardBytes += chunk.length
        this.#wake()
      },
      end: () => this.#end(),
      drain: () => {},
      closed: () => this.#end(),
    })
  }

  static async connect(mediator: Mediator): Promise<Wiretap> {
    return new Wiretap(await transports.dial(mediator.addresses[0]!))
  }

  get isOver(): boolean {
    return this.#isOver
  }

  write(bytes: Uint8Array): void {
    this.#stream.write(bytes)
  }

  abort(): void {
    this.#stream.abort()
  }

  /** All that was heard, once it is `bytes` or more, or the connection is over. */
  async heard(bytes: number): Promise<string> {
    while (this.#heardBytes < bytes && !this.#isOver) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    return this.#heard.map((chunk) => toHex(chunk)).join('')
  }

  /** Resolves when the mediator has ended the connection. */
  async over(): Promise<void> {
    await this.heard(Number.POSITIVE_INFINITY)
  }

  #end(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#stream.abort()
    this.#wake()
  }
}

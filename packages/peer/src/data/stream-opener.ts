import type { ByteStream } from '@mimirjs/transport'
import { StreamRole } from '@mimirjs/wire/peer'
import { concatBytes } from '../bytes.js'
import { PeerError } from '../error.js'

/**
 * Role byte of a data stream on which the side writes that accepted it: ours alone, for networks that prove no node keys.
 * There only one of two people may be reachable, so one opens the streams of both.
 */
export const REVERSE_DATA_ROLE = 0x02

/** Who writes on a data stream: we, or the other side. */
export type DataRole = 'write' | 'read'

export interface OpenedStream {
  readonly stream: ByteStream
  /** What we have to write first. */
  readonly prefix: Uint8Array
}

/**
 * Opens the data streams of one connection. How the other side knows what they belong to depends on the network: by the
 * node key that it proves, or by a token that both know from the handshake.
 */
export interface StreamOpener {
  /** Rejects with a `TransportError`, or {@link PeerError} `timeout` when a stream that was asked for does not come. */
  openStream(role: DataRole, signal: AbortSignal): Promise<OpenedStream>
  /** A stream came that the other side was asked for. @returns `false` when nobody waits for it */
  arrived(stream: ByteStream): boolean
}

type DialStream = (signal: AbortSignal) => Promise<ByteStream>

/** Opens streams by dialling: both sides where node keys are proven, else who dialled the connection. */
export class DiallingOpener implements StreamOpener {
  readonly #dial: DialStream
  readonly #token: Uint8Array | undefined

  /** @param token - `undefined` on networks that prove node keys */
  constructor(dial: DialStream, token: Uint8Array | undefined) {
    this.#dial = dial
    this.#token = token
  }

  async openStream(role: DataRole, signal: AbortSignal): Promise<OpenedStream> {
    const prefix = Uint8Array.of(role === 'write' ? StreamRole.data : REVERSE_DATA_ROLE)
    const stream = await this.#dial(signal)
    return { stream, prefix: this.#token === undefined ? prefix : concatBytes([prefix, this.#token]) }
  }

  arrived(): boolean {
    return false
  }
}

/** Has streams opened by the other side, which dialled the connection and may not be reachable itself. */
export class AskingOpener implements StreamOpener {
  readonly #ask: () => void
  #waiting: ((opened: OpenedStream) => void) | undefined

  /** @param ask - write the frame that asks for a stream */
  constructor(ask: () => void) {
    this.#ask = ask
  }

  openStream(_role: DataRole, signal: AbortSignal): Promise<OpenedStream> {
    return new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => {
        this.#waiting = undefined
        reject(new PeerError('timeout', 'the other side was asked for a data stream and opened none'))
      })
      this.#waiting = resolve
      this.#ask()
    })
  }

  arrived(stream: ByteStream): boolean {
    const waiting = this.#waiting
    this.#waiting = undefined
    waiting?.({ stream, prefix: NOTHING })
    return waiting !== undefined
  }
}

const NOTHING: Uint8Array = new Uint8Array(0)

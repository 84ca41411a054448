import { YggdrasilError } from '../error.js'
import { openGreeting } from '../handshake.js'
import { formatKey, isKeyAt } from '../key.js'
import { METADATA_HEAD_BYTES, metadataBytes } from '../wire/metadata.js'

export interface HandshakeOptions {
  /** Our own key: who answers with it is ourselves. */
  readonly publicKey: Uint8Array
  readonly priority: number
  readonly password: Uint8Array
  /** Keys of which the remote must have one; empty: any. */
  readonly keys: readonly Uint8Array[]
  readonly incoming: boolean
  /** Keys that may connect; empty: all. Counts for incoming links. */
  readonly allowedKeys: readonly Uint8Array[]
  /** When it has to be done. */
  readonly deadlineMs: number
}

/** What came out of a handshake. The key is claimed, not proven: the message may be a replay. */
export interface Acquaintance {
  readonly publicKey: Uint8Array
  /** The higher one of both sides. */
  readonly priority: number
}

/**
 * The receiving half of the metadata handshake; what we send is the same bytes every time. It takes exactly its message
 * off the stream, so that no byte of the frames behind it is lost. yggdrasil protocol §2.6
 */
export class LinkHandshake {
  readonly #options: HandshakeOptions
  #message = new Uint8Array(METADATA_HEAD_BYTES)
  #held = 0
  #result: Acquaintance | undefined

  constructor(options: HandshakeOptions) {
    this.#options = options
  }

  /** Set when the handshake is done. */
  get result(): Acquaintance | undefined {
    return this.#result
  }

  /**
   * Take bytes of the stream.
   * @returns how many were taken; the rest are frames
   * @throws {YggdrasilError} `handshake` | `incompatible` | `wrong-password` | `self` | `pinned-key` | `not-allowed`
   */
  receive(chunk: Uint8Array): number {
    let taken = 0
    while (this.#result === undefined && taken < chunk.length) {
      const part = chunk.subarray(taken, taken + this.#message.length - this.#held)
      this.#message.set(part, this.#held)
      this.#held += part.length
      taken += part.length
      if (this.#held === this.#message.length) this.#filled()
    }
    return taken
  }

  /** @throws {YggdrasilError} `timeout` */
  tick(nowMs: number): void {
    if (this.#result !== undefined || nowMs < this.#options.deadlineMs) return
    const came = this.#held === 0 ? 'nothing came' : `only ${this.#held} bytes came`
    throw new YggdrasilError('timeout', `handshake: not done in time, ${came}: it may be no Yggdrasil node`)
  }

  /** The stream ended. */
  ended(): YggdrasilError {
    return new YggdrasilError(
      'handshake',
      `handshake: the other side hung up after ${this.#held} bytes: it may be no Yggdrasil node, or refuse our password, key or version`,
    )
  }

  #filled(): void {
    if (this.#message.length > METADATA_HEAD_BYTES) {
      this.#result = this.#judge()
      return
    }
    const message = new Uint8Array(metadataBytes(this.#message))
    message.set(this.#message)
    this.#message = message
  }

  #judge(): Acquaintance {
    const { publicKey: ownKey, password, keys, incoming, allowedKeys } = this.#options
    const { publicKey, priority } = openGreeting(this.#message, password)
    const isKey = (key: Uint8Array): boolean => isKeyAt(publicKey, 0, key)
    if (isKey(ownKey)) {
      throw new YggdrasilError('self', 'handshake: this link leads back to this node: take the address off its peers')
    }
    if (keys.length > 0 && !keys.some(isKey)) {
      const [first] = keys
      const pinned =
        keys.length === 1 && first ? `the pinned key ${formatKey(first)}` : `one of ${keys.length} pinned keys`
      throw new YggdrasilError(
        'pinned-key',
        `handshake: expected ${pinned}, got ${formatKey(publicKey)}: correct key=, or somebody else answers there`,
      )
    }
    if (incoming && allowedKeys.length > 0 && !allowedKeys.some(isKey)) {
      throw new YggdrasilError('not-allowed', `handshake: key ${formatKey(publicKey)} is not one of the allowed ones`)
    }
    return { publicKey, priority: Math.max(priority, this.#options.priority) }
  }
}

import { addressScheme } from './address.js'
import { TransportError } from './error.js'
import type { ByteStream, DialOptions, Listener, ListenOptions, StreamTransport } from './types.js'

/**
 * The stream transports a program has, found by address scheme. A value to pass on: nothing is registered globally.
 * @example
 * const transports = new Transports([tcp(), createMemoryNetwork().streams])
 * const stream = await transports.dial('tcp://127.0.0.1:5050')
 */
export class Transports {
  readonly #byScheme: ReadonlyMap<string, StreamTransport>

  /** @throws {TransportError} `misuse` when two transports have the same scheme */
  constructor(transports: readonly StreamTransport[]) {
    const byScheme = new Map<string, StreamTransport>()
    for (const transport of transports) {
      if (byScheme.has(transport.scheme)) {
        throw new TransportError('misuse', `two transports for ${transport.scheme}://, expected one per scheme`)
      }
      byScheme.set(transport.scheme, transport)
    }
    this.#byScheme = byScheme
  }

  /** Schemes without the colon, in the order given. */
  get schemes(): readonly string[] {
    return [...this.#byScheme.keys()]
  }

  has(scheme: string): boolean {
    return this.#byScheme.has(scheme)
  }

  /** These and one more. @throws {TransportError} `misuse` when there is one for its scheme already */
  with(transport: StreamTransport): Transports {
    return new Transports([...this.#byScheme.values(), transport])
  }

  /** Rejects with `unknown-scheme`, `bad-address`, or what the transport says. */
  async dial(address: string, options?: DialOptions): Promise<ByteStream> {
    return this.#of(address).dial(address, options)
  }

  /** Rejects with `unknown-scheme`, `bad-address`, or what the transport says. */
  async listen(address: string, options: ListenOptions): Promise<Listener> {
    return this.#of(address).listen(address, options)
  }

  #of(address: string): StreamTransport {
    const scheme = addressScheme(address)
    const transport = this.#byScheme.get(scheme)
    if (transport !== undefined) return transport
    const known = this.schemes.map((name) => `${name}://`).join(', ') || 'none'
    throw new TransportError('unknown-scheme', `no transport for ${scheme}://, registered are: ${known}`)
  }
}

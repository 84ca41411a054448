import { type ByteStream, formatAddress, isTransportError, type Listener, parseAddress } from '@mimirjs/transport'

/**
 * Where a network proves node keys each side dials its own data streams, and whoever was dialled dials back, on the port
 * number on which it was reached (current protocol §2.3). So somebody who only dials has to listen there too, else a large
 * message to it can never come, and an original gives up the whole connection. Only data streams are taken.
 */
export class WaysBack {
  readonly #listenForData: (address: string) => Promise<Listener>
  /** By scheme and port. */
  readonly #open = new Map<string, Promise<Listener | undefined>>()

  /** @param listenForData - take data streams of connections that are there, and nothing else */
  constructor(listenForData: (address: string) => Promise<Listener>) {
    this.#listenForData = listenForData
  }

  /** Resolves when whoever we reached with this stream, by dialling `address`, can open streams to us. */
  async open(address: string, { localAddress, remotePublicKey }: ByteStream): Promise<void> {
    if (remotePublicKey === undefined) return
    const place = placeOf(address)
    if (place === undefined) return
    const { scheme, port } = parseAddress(address)
    const { host } = parseAddress(localAddress)
    const known = this.#open.get(place)
    const way = known ?? this.#listen(place, formatAddress({ scheme, host, port }))
    this.#open.set(place, way)
    await way
  }

  /** The caller wants to listen there itself. */
  async release(address: string): Promise<void> {
    const place = placeOf(address)
    if (place !== undefined) await this.#close(place)
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open.keys()].map((place) => this.#close(place)))
  }

  async #listen(place: string, address: string): Promise<Listener | undefined> {
    try {
      return await this.#listenForData(address)
    } catch {
      // Mostly we listen there already, for everything. If it is somebody else, what is small comes all the same.
      this.#open.delete(place)
      return undefined
    }
  }

  async #close(place: string): Promise<void> {
    const way = this.#open.get(place)
    this.#open.delete(place)
    await (await way)?.close()
  }
}

/** @returns undefined for what is no address, or leaves the port to the system */
function placeOf(address: string): string | undefined {
  try {
    const { scheme, port } = parseAddress(address)
    return port === 0 ? undefined : `${scheme} ${port}`
  } catch (error) {
    if (isTransportError(error)) return undefined
    throw error
  }
}

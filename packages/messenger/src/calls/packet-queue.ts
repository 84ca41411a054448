/** Packets between a network that does not wait and a reader that may be slow: the oldest go first. */
export class PacketQueue {
  /** Packets pushed out by newer ones. */
  dropped = 0
  #limit: number
  readonly #packets: Uint8Array[] = []
  readonly #readers = new Set<() => void>()
  #ended = false

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Keep so many from now on. */
  set limit(limit: number) {
    this.#limit = limit
    this.#trim()
  }

  push(packet: Uint8Array): void {
    if (this.#ended) return
    this.#packets.push(packet)
    this.#trim()
    this.#wake()
  }

  /** Nothing more will come; what is there may still be read. */
  end(): void {
    this.#ended = true
    this.#wake()
  }

  async *read(): AsyncGenerator<Uint8Array, void, void> {
    for (;;) {
      const packet = this.#packets.shift()
      if (packet !== undefined) yield packet
      else if (this.#ended) return
      else {
        await new Promise<void>((resolve) => {
          this.#readers.add(resolve)
        })
      }
    }
  }

  #trim(): void {
    const tooMany = this.#packets.length - this.#limit
    if (tooMany <= 0) return
    this.#packets.splice(0, tooMany)
    this.dropped += tooMany
  }

  #wake(): void {
    for (const wake of this.#readers) wake()
    this.#readers.clear()
  }
}

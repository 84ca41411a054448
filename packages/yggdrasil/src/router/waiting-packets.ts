/** Packets that wait for a path: the newest of each owner. When there is no room for one, those that wait longest go. */
export class WaitingPackets {
  readonly #limitBytes: number
  /** Oldest first. */
  readonly #packets = new Map<object, Uint8Array>()
  #bytes = 0

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes
  }

  get bytes(): number {
    return this.#bytes
  }

  get(owner: object): Uint8Array | undefined {
    return this.#packets.get(owner)
  }

  /** A copy of it. Lost when it is larger than all the room there is. */
  put(owner: object, packet: Uint8Array): void {
    this.drop(owner)
    if (packet.length > this.#limitBytes) return
    for (const oldest of this.#packets.keys()) {
      if (this.#bytes + packet.length <= this.#limitBytes) break
      this.drop(oldest)
    }
    this.#packets.set(owner, packet.slice())
    this.#bytes += packet.length
  }

  drop(owner: object): void {
    const packet = this.#packets.get(owner)
    if (packet === undefined) return
    this.#packets.delete(owner)
    this.#bytes -= packet.length
  }
}

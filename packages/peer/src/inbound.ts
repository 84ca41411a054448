import type { PeerLimits } from './limits.js'

/** Messages handed to the application that it has neither acknowledged nor refused. */
export class Inbound {
  readonly #limits: PeerLimits
  /** Payload bytes by guid. Made anew when there is something: an idle session holds none. */
  #open: Map<bigint, number> | undefined = undefined
  #bytes = 0

  constructor(limits: PeerLimits) {
    this.#limits = limits
  }

  /** As much is open as allowed. */
  get isFull(): boolean {
    return (
      this.#open !== undefined &&
      (this.#open.size >= this.#limits.inboundMessages || this.#bytes >= this.#limits.inboundBytes)
    )
  }

  /** @returns `false` for a message that is open already: its sender gets one OK for both */
  add(guid: bigint, byteLength: number): boolean {
    this.#open ??= new Map()
    if (this.#open.has(guid)) return false
    this.#open.set(guid, byteLength)
    this.#bytes += byteLength
    return true
  }

  /** @returns `false` for a message that is not open */
  settle(guid: bigint): boolean {
    const byteLength = this.#open?.get(guid)
    if (this.#open === undefined || byteLength === undefined) return false
    this.#open.delete(guid)
    this.#bytes -= byteLength
    if (this.#open.size === 0) this.#open = undefined
    return true
  }
}

import type { PeerLimits } from './limits.js'

/** Messages and files handed to the application that it has neither acknowledged nor refused. */
export class Inbound {
  readonly #limits: PeerLimits
  /** Payload bytes by guid. Made anew when there is something: an idle session holds none. */
  #open: Map<bigint, number> | undefined = undefined
  #bytes = 0
  /** Edits of messages that are open, by guid: payload bytes of each. */
  #edits: Map<bigint, number[]> | undefined = undefined
  #editCount = 0
  /** Files by the guid of their announcement, which may itself be open. Their bytes are where the application put them. */
  #files: Set<bigint> | undefined = undefined

  constructor(limits: PeerLimits) {
    this.#limits = limits
  }

  /** As much is open as allowed. */
  get isFull(): boolean {
    const count = (this.#open?.size ?? 0) + this.#editCount + (this.#files?.size ?? 0)
    return count >= this.#limits.inboundMessages || this.#bytes >= this.#limits.inboundBytes
  }

  /** @returns `false` for a message that is open already: its sender gets one OK for both */
  add(guid: bigint, byteLength: number): boolean {
    this.#open ??= new Map()
    if (this.#open.has(guid)) return false
    this.#open.set(guid, byteLength)
    this.#bytes += byteLength
    return true
  }

  /** An edit of a message that is open: the one OK for both waits until both are done. */
  addEdit(guid: bigint, byteLength: number): void {
    this.#edits ??= new Map()
    this.#edits.set(guid, [...(this.#edits.get(guid) ?? []), byteLength])
    this.#editCount++
    this.#bytes += byteLength
  }

  addFile(guid: bigint): void {
    this.#files ??= new Set()
    this.#files.add(guid)
  }

  /** @returns `false` when neither a message nor a file is open under it */
  settle(guid: bigint): boolean {
    if (this.#settleEdit(guid)) return false
    const byteLength = this.#open?.get(guid)
    if (this.#open === undefined || byteLength === undefined) return this.#settleFile(guid)
    this.#open.delete(guid)
    this.#bytes -= byteLength
    if (this.#open.size === 0) this.#open = undefined
    return true
  }

  #settleEdit(guid: bigint): boolean {
    const [byteLength, ...others] = this.#edits?.get(guid) ?? []
    if (byteLength === undefined) return false
    if (others.length > 0) this.#edits?.set(guid, others)
    else this.#edits?.delete(guid)
    this.#editCount--
    this.#bytes -= byteLength
    return true
  }

  #settleFile(guid: bigint): boolean {
    if (this.#files?.delete(guid) !== true) return false
    if (this.#files.size === 0) this.#files = undefined
    return true
  }
}

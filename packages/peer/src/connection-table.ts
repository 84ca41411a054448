import { keyText } from './bytes.js'

export interface Listed {
  readonly id: number
  readonly remotePublicKey: Uint8Array
}

/**
 * READY connections by identity. Several per identity are normal: devices, or both sides dialled at once. An entry is
 * only ever removed by its own connection (peer protocol §10.1).
 */
export class ConnectionTable<T extends Listed> {
  /** Oldest first; never an empty list. */
  readonly #byIdentity = new Map<string, T[]>()
  #size = 0

  get size(): number {
    return this.#size
  }

  /** The one that became READY last: messages go there. */
  newest(remotePublicKey: Uint8Array): T | undefined {
    return this.#byIdentity.get(keyText(remotePublicKey))?.at(-1)
  }

  of(remotePublicKey: Uint8Array): readonly T[] {
    return this.#byIdentity.get(keyText(remotePublicKey)) ?? []
  }

  all(): T[] {
    return [...this.#byIdentity.values()].flat()
  }

  add(connection: T): void {
    const key = keyText(connection.remotePublicKey)
    const list = this.#byIdentity.get(key)
    if (list === undefined) this.#byIdentity.set(key, [connection])
    else list.push(connection)
    this.#size++
  }

  delete(connection: T): void {
    const key = keyText(connection.remotePublicKey)
    const list = this.#byIdentity.get(key)
    const at = list?.indexOf(connection) ?? -1
    if (list === undefined || at < 0) return
    list.splice(at, 1)
    if (list.length === 0) this.#byIdentity.delete(key)
    this.#size--
  }
}

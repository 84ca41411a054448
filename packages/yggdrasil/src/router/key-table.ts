import { isKeyAt, type KeyId, keyId } from '../key.js'

/** Keys found without making a map key of them; a power of two. */
const SLOTS = 256

/** A map by public key that is searched with the bytes of a packet: what was found lately costs no string. */
export class KeyTable<Entry extends { readonly key: Uint8Array }> {
  readonly #entries = new Map<KeyId, Entry>()
  readonly #recent = new Array<Entry | undefined>(SLOTS).fill(undefined)

  get size(): number {
    return this.#entries.size
  }

  /** The entry of the key of 32 bytes at `offset`. */
  find(bytes: Uint8Array, offset = 0): Entry | undefined {
    const slot = slotOf(bytes, offset)
    const recent = this.#recent[slot]
    if (recent !== undefined && isKeyAt(bytes, offset, recent.key)) return recent
    const entry = this.#entries.get(keyId(bytes, offset))
    if (entry !== undefined) this.#recent[slot] = entry
    return entry
  }

  /** Put `entry` in the place of one with the same key. */
  set(entry: Entry): void {
    this.#entries.set(keyId(entry.key), entry)
    this.#recent[slotOf(entry.key, 0)] = entry
  }

  delete(entry: Entry): void {
    this.#entries.delete(keyId(entry.key))
    const slot = slotOf(entry.key, 0)
    if (this.#recent[slot] === entry) this.#recent[slot] = undefined
  }

  values(): Iterable<Entry> {
    return this.#entries.values()
  }
}

/** Keys are spread evenly enough, except for their first bits, which people choose. */
function slotOf(bytes: Uint8Array, offset: number): number {
  return (bytes[offset + 15]! ^ bytes[offset + 23]!) & (SLOTS - 1)
}

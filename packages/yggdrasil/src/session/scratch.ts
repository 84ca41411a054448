const FIRST_BYTES = 4096

/** A buffer used over and over, as large as what it has held. */
export class Scratch {
  #bytes = new Uint8Array(0)

  /** At least so many bytes, with anything in them. */
  room(bytes: number): Uint8Array {
    if (this.#bytes.length < bytes) {
      let size = FIRST_BYTES
      while (size < bytes) size *= 2
      this.#bytes = new Uint8Array(size)
    }
    return this.#bytes
  }

  /** @returns a view of the copy, valid until the next call */
  copy(bytes: Uint8Array): Uint8Array {
    const room = this.room(bytes.length)
    room.set(bytes)
    return room.subarray(0, bytes.length)
  }
}

/** A copy of a payload, with a byte in front if there is one. */
export function joined(prefix: number | undefined, payload: Uint8Array): Uint8Array {
  if (prefix === undefined) return payload.slice()
  const copy = new Uint8Array(1 + payload.length)
  copy[0] = prefix
  copy.set(payload, 1)
  return copy
}

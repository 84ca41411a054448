/** Frames that wait to be written, given out in pieces, so that one that is large shows whether it moves. */
export class OutgoingBytes {
  readonly #pieceBytes: number
  #frames: Uint8Array[] = []
  /** The first frame that is not given out whole, and how much of it is. */
  #at = 0
  #offset = 0
  #endBytes = 0
  #takenBytes = 0

  constructor(pieceBytes: number) {
    this.#pieceBytes = pieceBytes
  }

  /** Bytes that were ever pushed. */
  get endBytes(): number {
    return this.#endBytes
  }

  /** Bytes that were ever taken. */
  get takenBytes(): number {
    return this.#takenBytes
  }

  push(frame: Uint8Array): void {
    this.#frames.push(frame)
    this.#endBytes += frame.length
  }

  /** The next frames, or parts of them, of so many bytes together. */
  take(): Uint8Array[] {
    const taken: Uint8Array[] = []
    let room = this.#pieceBytes
    for (let frame = this.#frames[this.#at]; frame !== undefined && room > 0; frame = this.#frames[this.#at]) {
      const piece = frame.subarray(this.#offset, this.#offset + room)
      taken.push(piece)
      room -= piece.length
      this.#offset += piece.length
      if (this.#offset < frame.length) break
      this.#at++
      this.#offset = 0
    }
    this.#takenBytes += this.#pieceBytes - room
    if (this.#at > 0) {
      this.#frames = this.#frames.slice(this.#at)
      this.#at = 0
    }
    return taken
  }

  clear(): void {
    this.#frames = []
    this.#at = this.#offset = 0
  }
}

import { MULTICAST_NONCE_BYTES, MULTICAST_TAG_BYTES } from '@mimirjs/wire/multicast'
import { NONCE_AT } from './data-layout.js'

/** Nonce and tag: what tells two authentic packets of one session apart. */
const MARK_BYTES = MULTICAST_NONCE_BYTES + MULTICAST_TAG_BYTES
const FIRST_ROOM_BYTES = 256
const NONE = new Uint8Array(0)
const NO_LENGTHS = new Uint16Array(0)

/**
 * The last few packets of a session, by nonce and tag, and what each was answered with. Answers are copied: they share
 * their memory with other packets, which must not be kept for their sake. There is room for as many as there were: most
 * sessions are idle, and some of them were hardly used.
 */
export class KeptAnswers {
  readonly #size: number
  /** How many there is room for. */
  #slots = 0
  #marks: Uint8Array = NONE
  #lengths: Uint16Array = NO_LENGTHS
  /** As much for each as the longest so far needed. */
  #bytes: Uint8Array = NONE
  #roomBytes = 0
  #next = 0

  constructor(size: number) {
    this.#size = size
  }

  /** Remember a packet. @returns the ticket to keep its answer with */
  note(packet: Uint8Array): number {
    const ticket = this.#next++
    if (this.#size === 0) return ticket
    const slot = ticket % this.#size
    if (slot === this.#slots) this.#widen()
    this.#lengths[slot] = 0
    const markAt = slot * MARK_BYTES
    const tagAt = packet.length - MULTICAST_TAG_BYTES
    for (let at = 0; at < MULTICAST_NONCE_BYTES; at++) this.#marks[markAt + at] = packet[NONCE_AT + at] as number
    for (let at = 0; at < MULTICAST_TAG_BYTES; at++)
      this.#marks[markAt + MULTICAST_NONCE_BYTES + at] = packet[tagAt + at] as number
    return ticket
  }

  /** Too late for one that has gone. */
  keep(ticket: number, answer: Uint8Array): void {
    if (this.#next - ticket > this.#size) return
    if (answer.length > this.#roomBytes) this.#grow(answer.length)
    const slot = ticket % this.#size
    this.#bytes.set(answer, slot * this.#roomBytes)
    this.#lengths[slot] = answer.length
  }

  /** What a packet with this nonce and this tag was answered with; a copy. */
  find(packet: Uint8Array): Uint8Array | undefined {
    for (let slot = 0; slot < this.#slots; slot++) {
      const length = this.#lengths[slot] as number
      if (length === 0 || !this.#isMark(slot * MARK_BYTES, packet)) continue
      const start = slot * this.#roomBytes
      return this.#bytes.slice(start, start + length)
    }
    return undefined
  }

  #isMark(markAt: number, packet: Uint8Array): boolean {
    const tagAt = packet.length - MULTICAST_TAG_BYTES
    for (let at = 0; at < MULTICAST_NONCE_BYTES; at++)
      if (this.#marks[markAt + at] !== packet[NONCE_AT + at]) return false
    for (let at = 0; at < MULTICAST_TAG_BYTES; at++)
      if (this.#marks[markAt + MULTICAST_NONCE_BYTES + at] !== packet[tagAt + at]) return false
    return true
  }

  #widen(): void {
    this.#slots = Math.min(this.#size, Math.max(1, 2 * this.#slots))
    const [marks, lengths, bytes] = [this.#marks, this.#lengths, this.#bytes]
    this.#marks = new Uint8Array(this.#slots * MARK_BYTES)
    this.#marks.set(marks)
    this.#lengths = new Uint16Array(this.#slots)
    this.#lengths.set(lengths)
    this.#bytes = new Uint8Array(this.#slots * this.#roomBytes)
    this.#bytes.set(bytes)
  }

  #grow(leastBytes: number): void {
    let roomBytes = Math.max(FIRST_ROOM_BYTES, this.#roomBytes)
    while (roomBytes < leastBytes) roomBytes *= 2
    const bytes = new Uint8Array(this.#slots * roomBytes)
    for (let slot = 0; slot < this.#slots; slot++) {
      const start = slot * this.#roomBytes
      bytes.set(this.#bytes.subarray(start, start + (this.#lengths[slot] as number)), slot * roomBytes)
    }
    this.#bytes = bytes
    this.#roomBytes = roomBytes
  }
}

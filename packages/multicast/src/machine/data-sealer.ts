import { aes256GcmSealInto } from '@mimirjs/crypto'
import {
  MULTICAST_NONCE_BYTES,
  MulticastPacketType,
  SESSION_DATA_HEAD_BYTES,
  SESSION_DATA_OVERHEAD_BYTES,
} from '@mimirjs/wire/multicast'
import { MulticastError } from '../error.js'
import { NONCE_AT, SESSION_ID_AT } from './data-layout.js'

/**
 * Packets are cut from larger pieces of memory: one of its own each would cost as much as encrypting it. A machine that
 * sends little has small ones.
 */
const FIRST_SLAB_BYTES = 4_096
const LARGEST_SLAB_BYTES = 65_536
/** 4 KiB drawn at once cost hardly more than 12 bytes. A machine that sends little draws little. */
const MOST_NONCES_DRAWN = 341
/** A source that gives the same nonces again so often is broken. */
const NONCE_DRAWS = 4

/** Makes packets of session data. */
export class DataSealer {
  readonly #randomBytes: (sizeBytes: number) => Uint8Array
  #slab: Uint8Array = new Uint8Array(0)
  #slabUsed = 0
  #nonces: Uint8Array = new Uint8Array(0)
  #noncesUsed = 0

  constructor(randomBytes: (sizeBytes: number) => Uint8Array) {
    this.#randomBytes = randomBytes
  }

  /**
   * A whole packet under a fresh nonce. Its memory is never used again, but shared with other packets: who keeps one for
   * long keeps up to 64 KiB.
   * @param isNew - asked whether the nonce at {@link NONCE_AT} of the packet was never used in this session
   * @throws {MulticastError} `misuse` when the random source repeats itself
   */
  seal(
    sessionId: Uint8Array,
    key: Uint8Array,
    payload: Uint8Array,
    isNew: (packet: Uint8Array) => boolean,
  ): Uint8Array {
    const packet = this.#take(SESSION_DATA_OVERHEAD_BYTES + payload.length)
    packet[0] = MulticastPacketType.sessionData
    packet.set(sessionId, SESSION_ID_AT)
    let draws = 0
    do {
      if (draws++ === NONCE_DRAWS)
        throw new MulticastError('misuse', 'randomBytes: expected fresh bytes, got the same nonces again')
      this.#writeNonce(packet)
    } while (!isNew(packet))
    aes256GcmSealInto(packet, SESSION_DATA_HEAD_BYTES, key, packet.subarray(NONCE_AT, SESSION_DATA_HEAD_BYTES), payload)
    return packet
  }

  #take(sizeBytes: number): Uint8Array {
    if (this.#slabUsed + sizeBytes > this.#slab.length) {
      this.#slab = new Uint8Array(Math.min(LARGEST_SLAB_BYTES, Math.max(FIRST_SLAB_BYTES, 2 * this.#slab.length)))
      this.#slabUsed = 0
    }
    const start = this.#slabUsed
    this.#slabUsed += sizeBytes
    return this.#slab.subarray(start, this.#slabUsed)
  }

  #writeNonce(packet: Uint8Array): void {
    if (this.#noncesUsed === this.#nonces.length) {
      const drawn = Math.min(MOST_NONCES_DRAWN, Math.max(1, (2 * this.#nonces.length) / MULTICAST_NONCE_BYTES))
      this.#nonces = this.#randomBytes(drawn * MULTICAST_NONCE_BYTES)
      this.#noncesUsed = 0
    }
    const end = this.#noncesUsed + MULTICAST_NONCE_BYTES
    for (let from = this.#noncesUsed, to = NONCE_AT; from < end; ) packet[to++] = this.#nonces[from++] as number
    this.#noncesUsed = end
  }
}

import { mix, readI32, type Salt } from './mix.js'
import type { Session } from './session.js'

const NOBODY: ReadonlySet<Session> = new Set()

/** Sessions by id, found with the bytes of a packet and without making a string of them, and by who opened them to us. */
export class SessionTable {
  readonly #salt: Salt
  /** Ids are chosen by others, so they are mixed with a secret; those that meet all the same are chained. */
  readonly #slots = new Map<number, Session>()
  readonly #incoming = new Map<string, Set<Session>>()
  #size = 0

  constructor(salt: Salt) {
    this.#salt = salt
  }

  get size(): number {
    return this.#size
  }

  /** The session of the id of 16 bytes at `offset`. */
  find(bytes: Uint8Array, offset: number): Session | undefined {
    let session = this.#slots.get(this.#slotOf(bytes, offset))
    while (session !== undefined && !isIdAt(bytes, offset, session.id)) session = session.chained
    return session
  }

  add(session: Session): void {
    const slot = this.#slotOf(session.id, 0)
    session.chained = this.#slots.get(slot)
    this.#slots.set(slot, session)
    this.#size += 1
    if (session.role === 'initiator') return
    const ofPeer = this.#incoming.get(session.peerName)
    if (ofPeer === undefined) this.#incoming.set(session.peerName, new Set([session]))
    else ofPeer.add(session)
  }

  delete(session: Session): void {
    const slot = this.#slotOf(session.id, 0)
    const first = this.#slots.get(slot)
    if (first === session) {
      if (session.chained === undefined) this.#slots.delete(slot)
      else this.#slots.set(slot, session.chained)
    } else {
      let before = first
      while (before !== undefined && before.chained !== session) before = before.chained
      if (before === undefined) return
      before.chained = session.chained
    }
    session.chained = undefined
    this.#size -= 1
    const ofPeer = this.#incoming.get(session.peerName)
    if (ofPeer?.delete(session) && ofPeer.size === 0) this.#incoming.delete(session.peerName)
  }

  /** What this key opened to us. */
  openedBy(peerName: string): ReadonlySet<Session> {
    return this.#incoming.get(peerName) ?? NOBODY
  }

  *incoming(): Iterable<Session> {
    for (const sessions of this.#incoming.values()) yield* sessions
  }

  *all(): Iterable<Session> {
    for (const first of this.#slots.values()) {
      for (let session: Session | undefined = first; session !== undefined; session = session.chained) yield session
    }
  }

  /** 30 bits, so that it stays a small integer. */
  #slotOf(id: Uint8Array, offset: number): number {
    const half = mix(this.#salt, readI32(id, offset), readI32(id, offset + 4))
    return mix(this.#salt, half ^ readI32(id, offset + 8), readI32(id, offset + 12)) & 0x3fffffff
  }
}

function isIdAt(bytes: Uint8Array, offset: number, id: Uint8Array): boolean {
  for (let at = 0; at < id.length; at++) if (bytes[offset + at] !== id[at]) return false
  return true
}

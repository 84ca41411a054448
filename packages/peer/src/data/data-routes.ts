import { keyText } from '../bytes.js'
import { PeerError } from '../error.js'
import type { DataRole } from './stream-opener.js'

/** A connection as a place for data streams. */
export interface Destination<S> {
  readonly isReady: boolean
  /** The other side has no data stream to us that works. */
  readonly isFreeForData: boolean
  /** A data stream of this connection; only once it is READY. */
  takeData(role: DataRole, stream: S): void
}

/** A data stream that waits for its connection to become READY. */
export interface Held {
  fail(error: PeerError): void
}

interface Waiting<C, S> {
  readonly stream: S
  readonly role: DataRole
  /** By token: this connection and no other. By node key: whichever of that node becomes READY. */
  readonly connection: C | undefined
  readonly node: string | undefined
}

/**
 * Which connection a data stream belongs to: the one of its token, or one of the node that the network proves. A node may
 * have several connections, of several identities even; each holds its own entry, and no end of another takes it away.
 *
 * A stream that comes before its connection is READY waits: the last frame of a handshake may take longer than the stream
 * that was opened behind it. How long, and how many may wait, is the business of whoever owns the streams.
 */
export class DataRoutes<C extends Destination<S>, S extends Held> {
  readonly #byToken = new Map<string, C>()
  /** In the order of their becoming; those that are READY in the order of that, behind the others. */
  readonly #byNode = new Map<string, Set<C>>()
  readonly #keys = new Map<C, { readonly node: string | undefined; token: string | undefined }>()
  readonly #waiting = new Set<Waiting<C, S>>()

  /** A connection is being made, on a network that proves this key of the other end or none. */
  add(connection: C, nodeKey: Uint8Array | undefined): void {
    const node = nodeKey && keyText(nodeKey)
    this.#keys.set(connection, { node, token: undefined })
    if (node === undefined) return
    const mates = this.#byNode.get(node)
    if (mates === undefined) this.#byNode.set(node, new Set([connection]))
    else mates.add(connection)
  }

  /** From now on data streams of this connection may come, with this token. */
  expect(connection: C, token: Uint8Array): void {
    const keys = this.#keys.get(connection)
    if (keys === undefined || keys.node !== undefined) return
    keys.token = keyText(token)
    this.#byToken.set(keys.token, connection)
  }

  /** The connection is READY: what waited for it is its own. */
  ready(connection: C): void {
    const node = this.#keys.get(connection)?.node
    const mates = node === undefined ? undefined : this.#byNode.get(node)
    if (mates?.delete(connection) === true) mates.add(connection)
    for (const waiting of [...this.#waiting]) {
      if (waiting.connection !== connection && (node === undefined || waiting.node !== node)) continue
      if (!this.#waiting.delete(waiting)) continue
      connection.takeData(waiting.role, waiting.stream)
    }
  }

  /** The connection is over. */
  delete(connection: C): void {
    const keys = this.#keys.get(connection)
    if (keys === undefined) return
    this.#keys.delete(connection)
    if (keys.token !== undefined) this.#byToken.delete(keys.token)
    const mates = keys.node === undefined ? undefined : this.#byNode.get(keys.node)
    mates?.delete(connection)
    if (mates?.size === 0 && keys.node !== undefined) this.#byNode.delete(keys.node)
    const isNodeEmpty = mates === undefined || [...mates].every(({ isReady }) => isReady)
    for (const waiting of [...this.#waiting]) {
      const isLost =
        waiting.connection === connection || (waiting.node !== undefined && waiting.node === keys.node && isNodeEmpty)
      if (isLost) waiting.stream.fail(nobody())
    }
  }

  /** The stream has ended, or somebody else dropped it. */
  forget(stream: S): void {
    for (const waiting of this.#waiting) if (waiting.stream === stream) this.#waiting.delete(waiting)
  }

  /** A data stream came. */
  place(stream: S, role: DataRole, key: { readonly token: Uint8Array } | { readonly node: Uint8Array }): void {
    if ('token' in key) this.#placeByToken(stream, role, keyText(key.token))
    else this.#placeByNode(stream, role, keyText(key.node))
  }

  #placeByToken(stream: S, role: DataRole, token: string): void {
    const connection = this.#byToken.get(token)
    if (connection === undefined) stream.fail(nobody())
    else if (connection.isReady) connection.takeData(role, stream)
    else this.#waiting.add({ stream, role, connection, node: undefined })
  }

  #placeByNode(stream: S, role: DataRole, node: string): void {
    const mates = [...(this.#byNode.get(node) ?? [])]
    const ready = mates.filter(({ isReady }) => isReady)
    // Each side has one stream per connection, so one that has none is meant before one that has.
    const free = ready.filter(({ isFreeForData }) => isFreeForData).at(-1)
    const isComing = ready.length < mates.length
    if (free !== undefined) free.takeData(role, stream)
    else if (isComing) this.#waiting.add({ stream, role, connection: undefined, node })
    else if (ready.length > 0) ready.at(-1)?.takeData(role, stream)
    else stream.fail(nobody())
  }
}

function nobody(): PeerError {
  return new PeerError('unexpected-type', 'a data stream that belongs to no connection')
}

import type { KeyId } from '../key.js'

/** A frame that waits. In two lists: all frames by age, and those of its flow by age. */
interface Waiting {
  readonly frame: Uint8Array
  readonly flow: Flow
  older: Waiting | undefined
  newer: Waiting | undefined
  newerInFlow: Waiting | undefined
}

/** What one source sends to one destination. */
interface Flow {
  readonly source: KeyId
  readonly destination: Destination
  bytes: number
  oldest: Waiting | undefined
  newest: Waiting | undefined
}

interface Destination {
  readonly id: KeyId
  readonly flows: Map<KeyId, Flow>
  bytes: number
}

/**
 * Frames that wait for a link to take traffic again. They leave oldest first. Above the limit the oldest frame of the
 * largest source of the largest destination is dropped, so that one flow cannot push out the others. yggdrasil protocol
 * §4.11
 */
export class LinkQueue {
  readonly #limitBytes: number
  readonly #destinations = new Map<KeyId, Destination>()
  #oldest: Waiting | undefined
  #newest: Waiting | undefined
  #bytes = 0

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes
  }

  /** Bytes of the frames that wait. */
  get bytes(): number {
    return this.#bytes
  }

  /**
   * @param frame - the queue's from now on
   * @returns how many frames were dropped for it; it may be among them
   */
  push(frame: Uint8Array, source: KeyId, destination: KeyId): number {
    this.#append(frame, this.#flow(source, destination))
    let dropped = 0
    // A lone frame stays: no frame is larger than the limit by more than its header.
    while (this.#bytes > this.#limitBytes && this.#oldest !== this.#newest) {
      this.#removeOldestOf(this.#largestFlow())
      dropped++
    }
    return dropped
  }

  /** Take the oldest frame. */
  shift(): Uint8Array | undefined {
    const oldest = this.#oldest
    if (oldest !== undefined) this.#removeOldestOf(oldest.flow)
    return oldest?.frame
  }

  #flow(source: KeyId, id: KeyId): Flow {
    let destination = this.#destinations.get(id)
    if (destination === undefined) {
      destination = { id, flows: new Map(), bytes: 0 }
      this.#destinations.set(id, destination)
    }
    let flow = destination.flows.get(source)
    if (flow === undefined) {
      flow = { source, destination, bytes: 0, oldest: undefined, newest: undefined }
      destination.flows.set(source, flow)
    }
    return flow
  }

  #append(frame: Uint8Array, flow: Flow): void {
    const waiting: Waiting = { frame, flow, older: this.#newest, newer: undefined, newerInFlow: undefined }
    if (this.#newest === undefined) this.#oldest = waiting
    else this.#newest.newer = waiting
    this.#newest = waiting
    if (flow.newest === undefined) flow.oldest = waiting
    else flow.newest.newerInFlow = waiting
    flow.newest = waiting
    this.#count(flow, frame.length)
  }

  #removeOldestOf(flow: Flow): void {
    const waiting = flow.oldest
    if (waiting === undefined) return
    const { older, newer, newerInFlow, frame } = waiting
    if (older === undefined) this.#oldest = newer
    else older.newer = newer
    if (newer === undefined) this.#newest = older
    else newer.older = older
    flow.oldest = newerInFlow
    this.#count(flow, -frame.length)
    if (newerInFlow !== undefined) return
    flow.newest = undefined
    const { destination } = flow
    destination.flows.delete(flow.source)
    if (destination.flows.size === 0) this.#destinations.delete(destination.id)
  }

  #count(flow: Flow, bytes: number): void {
    flow.bytes += bytes
    flow.destination.bytes += bytes
    this.#bytes += bytes
  }

  /** There has to be one. */
  #largestFlow(): Flow {
    return largest(largest(this.#destinations.values()).flows.values())
  }
}

function largest<T extends { readonly bytes: number }>(items: Iterable<T>): T {
  let found: T | undefined
  for (const item of items) if (found === undefined || item.bytes > found.bytes) found = item
  return found as T
}

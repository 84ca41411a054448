import type { Clock } from '@mimirjs/transport'
import { MemoryPeerConnection } from './peer-connection.js'

/** Peer connections in memory that find each other by what their descriptions say. */
export class MemoryRtc {
  readonly #clock: Clock
  readonly #byUfrag = new Map<string, MemoryPeerConnection>()
  #made = 0
  #named = 0
  #canMeet = true

  constructor(clock: Clock) {
    this.#clock = clock
  }

  connection(): MemoryPeerConnection {
    const made = ++this.#made
    return new MemoryPeerConnection(this, new Uint8Array(32).fill(made & 0xff).fill(made >>> 8, 0, 1))
  }

  /** Connections made so far: nobody may be made to open one before he said yes. */
  get made(): number {
    return this.#made
  }

  /** Connections that were made and not closed. */
  get open(): number {
    return new Set(this.#byUfrag.values()).size
  }

  /** All paths of now are gone, as when a machine changes its network. A restart finds new ones. */
  disturb(): void {
    for (const connection of new Set(this.#byUfrag.values())) connection.disturb()
  }

  /** @param canMeet - whether connections find any path from now on */
  setReachable(canMeet: boolean): void {
    this.#canMeet = canMeet
  }

  /** @internal In a turn of its own. */
  soon(callback: () => void): void {
    this.#clock.schedule(callback, 0)
  }

  /** @internal A fresh name for the descriptions of a connection. */
  name(connection: MemoryPeerConnection): string {
    const ufrag = `memory${++this.#named}`
    this.#byUfrag.set(ufrag, connection)
    return ufrag
  }

  /** @internal */
  forget(connection: MemoryPeerConnection): void {
    for (const [ufrag, known] of this.#byUfrag) if (known === connection) this.#byUfrag.delete(ufrag)
  }

  /** @internal A description of this one is new: perhaps both ends know each other now. */
  look(connection: MemoryPeerConnection): void {
    const { remoteUfrag } = connection
    const partner = remoteUfrag === undefined ? undefined : this.#byUfrag.get(remoteUfrag)
    if (partner === undefined || !this.#canMeet) return
    if (connection.localDescription === null || partner.localDescription === null) return
    if (partner.remoteUfrag !== connection.ufrag || partner.ufrag !== remoteUfrag) return
    this.soon(() => {
      connection.meet(partner)
      partner.meet(connection)
    })
  }
}

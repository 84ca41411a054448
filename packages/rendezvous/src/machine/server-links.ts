import { isWireError } from '@mimirjs/wire'
import { checkServerUrl } from '@mimirjs/wire/rendezvous'
import type { Verdict } from '../counters.js'
import { RendezvousError } from '../error.js'
import type { MachineLimits } from '../limits.js'
import { ServerLink } from './server-link.js'
import type { Server, ServerLinkParts } from './server-link-parts.js'
import type { MachineHost, ServerStatus } from './types.js'

/** How far our clock may be from those of servers before it is told, in ms (rendezvous protocol B15). */
const CLOCK_MS = 60_000

/** What the servers need of the machine. */
export interface ServerLinksParts extends Omit<ServerLinkParts, 'nextSocket' | 'changed' | 'receive'> {
  readonly host: MachineHost
  readonly limits: MachineLimits
}

/** All servers, which are equal: everything goes to each of them (rendezvous protocol B8). */
export class ServerLinks {
  readonly #parts: ServerLinksParts
  readonly #links = new Map<string, ServerLink>()
  #lastSocket = 0
  /** What was told of our clock. */
  #clockOffsetMs: number | undefined
  /** What an envelope goes through. To be set before the first server is added. */
  onEnvelope: (envelope: Uint8Array, nowMs: number, mayVerify: () => boolean) => Verdict = () => 'state'
  /** A server has become usable. */
  onReady: (server: Server) => void = () => {}

  constructor(parts: ServerLinksParts) {
    this.#parts = parts
  }

  get statuses(): ServerStatus[] {
    return [...this.#links.values()].map(({ status }) => status)
  }

  /** When {@link tick} is due. */
  get dueMs(): number {
    let dueMs = Number.POSITIVE_INFINITY
    for (const link of this.#links.values()) dueMs = Math.min(dueMs, link.dueMs)
    return dueMs
  }

  /** Does nothing for one that is there. @throws {RendezvousError} `bad-server` | `limit` */
  add(url: string, nowMs: number): void {
    const href = normal(url)
    if (this.#links.has(href)) return
    if (this.#links.size >= this.#parts.limits.servers)
      throw new RendezvousError('limit', `expected at most ${this.#parts.limits.servers} servers: remove one first`)
    const link = new ServerLink(url, this.#linkParts(), nowMs)
    this.#links.set(href, link)
    link.tick(nowMs)
  }

  /** @returns whether it was there. @throws {RendezvousError} `bad-server` */
  remove(url: string): boolean {
    const href = normal(url)
    const link = this.#links.get(href)
    if (link === undefined) return false
    this.#links.delete(href)
    link.end()
    this.#tellClock()
    return true
  }

  /** Dial those that wait, and ask the others whether they are there, now. */
  refresh(nowMs: number): void {
    for (const link of [...this.#links.values()]) link.refresh(nowMs)
  }

  /** The user wants this one, whatever it did. @throws {RendezvousError} `bad-server` */
  retry(url: string, nowMs: number): void {
    this.#links.get(normal(url))?.retry(nowMs, true)
  }

  /** Of the socket with this number, unless it is over. */
  bySocket(socket: number): ServerLink | undefined {
    for (const link of this.#links.values()) if (link.socket === socket) return link
    return undefined
  }

  /** To all that are usable. */
  send(frame: string): void {
    for (const link of this.#links.values()) if (link.isReady) link.send(frame)
  }

  tick(nowMs: number): void {
    for (const link of [...this.#links.values()]) link.tick(nowMs)
  }

  /** Of all; none is dialled again. */
  end(): void {
    for (const link of this.#links.values()) link.end()
    this.#links.clear()
  }

  #linkParts(): ServerLinkParts {
    const { host, publicKey, limits, counters, signatures } = this.#parts
    return {
      host,
      publicKey,
      limits,
      counters,
      signatures,
      wakeBy: (timeMs) => this.#parts.wakeBy(timeMs),
      nextSocket: () => ++this.#lastSocket,
      receive: (envelope, nowMs, mayVerify) => this.onEnvelope(envelope, nowMs, mayVerify),
      changed: (server, isReady) => {
        if (isReady) this.onReady(server)
        host.server(server.status)
        this.#tellClock()
      },
    }
  }

  /** Security depends on no server's clock: the user is only told (rendezvous protocol B15). */
  #tellClock(): void {
    const offsets = [...this.#links.values()]
      .flatMap(({ isReady, status: { clockOffsetMs } }) =>
        isReady && clockOffsetMs !== undefined ? [clockOffsetMs] : [],
      )
      .sort((a, b) => a - b)
    const wrong = offsets.filter((offsetMs) => Math.abs(offsetMs) > CLOCK_MS)
    // Who is still logging in has a voice, too: otherwise the quickest server would speak for all.
    const inUse = this.statuses.filter(({ state }) => state === 'ready' || state === 'connecting').length
    const median = offsets[offsets.length >> 1]
    const offsetMs = wrong.length * 2 > inUse ? median : undefined
    if ((offsetMs === undefined) === (this.#clockOffsetMs === undefined)) return
    this.#clockOffsetMs = offsetMs
    this.#parts.host.clock(offsetMs)
  }
}

/** One text for all spellings of a URL. @throws {RendezvousError} `bad-server` */
function normal(url: string): string {
  try {
    return new URL(checkServerUrl(url)).href
  } catch (cause) {
    if (!isWireError(cause)) throw cause
    throw new RendezvousError('bad-server', cause.message, { cause })
  }
}

import { type Clock, steadyClock, wallClock } from '@mimirjs/transport'
import { RendezvousError } from '../error.js'
import type { RendezvousPlatform } from '../rtc/types.js'
import { MemoryRtc } from './rtc.js'
import { MemoryServer } from './server.js'

/** What `createMemoryRendezvous` takes. */
export interface MemoryRendezvousOptions {
  /** How many servers. Default 1. */
  readonly servers?: number
  /** Turned by hand, nothing moves until it is; give it to the nodes, too. Default: that of the system. */
  readonly clock?: Clock
}

/** A world in memory for tests: servers, WebSockets to them, and peer connections. */
export interface MemoryRendezvous {
  /** For every node of this world. */
  readonly platform: RendezvousPlatform
  readonly servers: readonly MemoryServer[]
  /** Of the servers. */
  readonly urls: readonly string[]
  readonly rtc: MemoryRtc
}

/**
 * Servers and WebRTC without sockets and without WebRTC. Certificates are checked as DTLS does, so that a server that
 * changes a description gets nowhere.
 * @example
 * const { platform, urls } = createMemoryRendezvous()
 * const node = await RendezvousNode.open({ signer, servers: urls, platform })
 */
export function createMemoryRendezvous({ servers: count = 1, clock }: MemoryRendezvousOptions = {}): MemoryRendezvous {
  const spans = clock ?? steadyClock
  const { nowMs } = clock ?? wallClock
  const soon = (callback: () => void): void => void spans.schedule(callback, 0)
  const rtc = new MemoryRtc(spans)
  const servers = Array.from(
    { length: count },
    (_, index) => new MemoryServer({ url: `wss://memory-${index + 1}.example`, soon, nowMs: () => nowMs.call(clock) }),
  )
  return {
    servers,
    urls: servers.map(({ url }) => url),
    rtc,
    platform: {
      canRestartIce: true,
      webSocket: (url) => {
        const server = servers.find((known) => known.url === url)
        if (server === undefined) throw new RendezvousError('unsupported', `${url} is no server of this world`)
        return server.open()
      },
      createPeerConnection: async () => rtc.connection(),
    },
  }
}

// People with our client or the original one, servers of both kinds, all in memory and under one clock.
import type { RsaPrivateKey } from '@mimirjs/crypto/rsa'
import { createClock, createRandom, type ManualClock } from '@mimirjs/transport/testing'
import { type LegacyLink, LegacyNode, type LegacyNodeOptions } from '../../../src/legacy/index.js'
import { createLegacyProfile } from '../../../src/server/legacy/index.js'
import { DEFAULT_SERVER_LIMITS } from '../../../src/server/limits.js'
import { Network, type ServerEnd, type ServerRole } from './network.js'
import { OriginalClient } from './original-client.js'
import { settle } from './settle.js'

/** Our server's role, without its sockets. */
export function ourServer(clock: ManualClock): ServerRole {
  const profile = createLegacyProfile({
    limits: DEFAULT_SERVER_LIMITS,
    randomBytes: (sizeBytes) => random.bytes(sizeBytes),
    relayed() {},
  })
  const random = createRandom(3)
  return {
    open(client: ServerEnd) {
      const relay = (text: string) => {
        client.send(text)
        return 'relayed' as const
      }
      const rest = { host: undefined, ping() {}, challenged() {}, authenticated() {}, mayRelay: () => true, relay }
      const session = profile.open({ ...rest, ...client }, clock.nowMs())
      return { received: (text) => session.received(text, clock.nowMs()), closed: () => session.closed() }
    },
  }
}

/** A client of ours, and what it said. */
export class Ours {
  readonly node: LegacyNode
  readonly chats: string[] = []
  readonly links: LegacyLink[] = []

  constructor(node: LegacyNode) {
    this.node = node
    node.on('link', (link) => {
      this.links.push(link)
      link.on('chat', ({ text }) => this.chats.push(text))
    })
  }

  get pem(): string {
    return this.node.publicPem
  }

  /** The open link. */
  get link(): LegacyLink | undefined {
    return this.node.links[0]
  }
}

export class Scene {
  readonly clock: ManualClock = createClock(1_700_000_000_000)
  readonly network: Network = new Network(this.clock)
  readonly #close: (() => unknown)[] = []
  #seeds = 0

  /** @returns its URL */
  serve(role: ServerRole): string {
    const url = `ws://server${this.network.servers.size + 1}.example:18765`
    this.network.servers.set(url, role)
    return url
  }

  ours(key: RsaPrivateKey, servers: readonly string[], options: Partial<LegacyNodeOptions> = {}): Ours {
    const random = createRandom(++this.#seeds)
    const { clock, network } = this
    const node = LegacyNode.open({
      account: key,
      servers,
      platform: network,
      clock,
      randomBytes: (sizeBytes) => random.bytes(sizeBytes),
      policy: () => 'accept',
      ...options,
    })
    this.#close.push(() => node.close())
    return new Ours(node)
  }

  original(key: RsaPrivateKey, servers: readonly string[]): OriginalClient {
    const client = new OriginalClient(key, this.network, this.clock)
    for (const url of servers) client.addServer(url)
    this.#close.push(() => client.close())
    return client
  }

  /** Let time pass, from one timer to the next; in between everybody does what they have to do. */
  async wait(ms: number): Promise<void> {
    await settle()
    for (const endMs = this.clock.nowMs() + ms; this.clock.nowMs() < endMs; ) {
      const dueMs = Math.min(this.clock.nextDueMs ?? endMs, endMs)
      this.clock.advance(Math.max(0, dueMs - this.clock.nowMs()))
      await settle()
    }
  }

  async until(condition: () => boolean, withinMs: number): Promise<boolean> {
    await settle()
    for (const endMs = this.clock.nowMs() + withinMs; !condition() && this.clock.nowMs() < endMs; ) await this.wait(500)
    return condition()
  }

  async close(): Promise<void> {
    for (const close of this.#close) await close()
  }
}

import { createSigner } from '@mimirjs/crypto'
import { createClock, type ManualClock } from '@mimirjs/transport/testing'
import { YggdrasilError } from '../../src/error.js'
import { encodeGreeting } from '../../src/handshake.js'
import type { Link, LinkDriver, PeerUri, RawLink } from '../../src/links/types.js'
import { parsePeerUri } from '../../src/links/uri.js'
import { type MemoryLinks, memoryLinks } from '../../src/testing/index.js'
import { type LinkNode, type LinkNodeOptions, linkNode } from './support.js'

const NOTHING = new Uint8Array(0)

/** Nodes in memory, on a clock that is turned by hand. */
export class MemoryWorld {
  readonly clock: ManualClock = createClock(1000)
  readonly network: MemoryLinks = memoryLinks({ clock: this.clock })

  node(name: string, options: Partial<LinkNodeOptions> = {}): LinkNode {
    return linkNode({
      clock: this.clock,
      drivers: () => [this.network.driver(name)],
      nextTurn: (callback) => void this.clock.schedule(callback, 0),
      ...options,
    })
  }

  /** Turn the clock in small steps, and let promises go on in between. */
  async advance(ms: number, stepMs = 10): Promise<void> {
    for (let at = 0; at < ms; at += stepMs) {
      this.clock.advance(Math.min(stepMs, ms - at))
      for (let pass = 0; pass < 10; pass++) await Promise.resolve()
    }
  }

  /** Somebody who connects to `memory://name` and says what the test wants. */
  async stranger(name: string, greeting: Uint8Array = greetingOf(9)): Promise<Stranger> {
    const driver = this.network.driver(`stranger of ${name}`)
    const dialled = driver.dial(parsePeerUri(`memory://${name}`, 'dial'), new AbortController().signal, 5000)
    await this.advance(10)
    const stranger = new Stranger(await dialled)
    if (greeting.length > 0) stranger.raw.write(greeting)
    await this.advance(10)
    return stranger
  }

  /** A place to dial where the test decides what happens. */
  scripted(): ScriptedDriver {
    return new ScriptedDriver()
  }
}

/** A raw connection, and what came over it. */
export class Stranger {
  readonly raw: RawLink
  readonly received: Uint8Array[] = []
  isClosed = false

  constructor(raw: RawLink) {
    this.raw = raw
    raw.start({
      data: (chunk) => this.received.push(chunk.slice()),
      drain: () => {},
      closed: () => (this.isClosed = true),
    })
  }

  get bytes(): number[] {
    return this.received.flatMap((chunk) => [...chunk])
  }
}

/** The metadata message of the node with this seed byte. */
export function greetingOf(seed: number, password: Uint8Array = NOTHING, priority = 0): Uint8Array {
  const signer = createSigner(new Uint8Array(32).fill(seed))
  return encodeGreeting({ publicKey: signer.publicKey, priority }, password, (message) => signer.sign(message))
}

interface Attempt {
  readonly uri: PeerUri
  readonly signal: AbortSignal
  readonly timeoutMs: number
  succeed(raw: RawLink): void
  fail(error: unknown): void
}

/** Takes part in nothing: each attempt to dial waits for the test. */
export class ScriptedDriver implements LinkDriver {
  readonly schemes = ['memory', 'tcp'] as const
  readonly attempts: Attempt[] = []

  dial(uri: PeerUri, signal: AbortSignal, timeoutMs: number): Promise<RawLink> {
    return new Promise((resolve, reject) => {
      this.attempts.push({ uri, signal, timeoutMs, succeed: resolve, fail: reject })
      signal.addEventListener('abort', () => reject(new YggdrasilError('aborted', 'given up')))
    })
  }
}

/** Two nodes, the second of which dials the first. */
export async function pair(
  world: MemoryWorld,
  options: {
    readonly query?: string
    readonly a?: Partial<LinkNodeOptions>
    readonly b?: Partial<LinkNodeOptions>
  } = {},
): Promise<{ a: LinkNode; b: LinkNode }> {
  const a = world.node('a', { seed: 1, ...options.a })
  const b = world.node('b', { seed: 2, ...options.b })
  await a.links.listen('memory://a')
  b.links.addPeer(`memory://a${options.query ?? ''}`)
  await world.advance(100)
  return { a, b }
}

/** The link of a node that has one. */
export function linkOf(node: LinkNode): Link {
  const [link] = node.up()
  if (link === undefined) throw new Error('expected a link that is up')
  return link
}

/** Close nodes, and let what is left to do be done. */
export async function closeAll(world: MemoryWorld, ...nodes: LinkNode[]): Promise<void> {
  const closed = Promise.all(nodes.map(({ links }) => links.close()))
  await world.advance(2000, 100)
  await closed
}

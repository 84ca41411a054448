import { createSigner } from '@mimirjs/crypto'
import type { ByteStream } from '@mimirjs/transport'
import { createClock, type ManualClock } from '@mimirjs/transport/testing'
import { onTestFinished } from 'vitest'
import { RendezvousNode, type RendezvousNodeOptions } from '../../src/index.js'
import { createMemoryRendezvous, type MemoryRendezvous } from '../../src/testing/index.js'

const START_MS = 1_700_000_000_000

/** For whoever lets everybody in. */
export const OPEN_DOOR: Partial<RendezvousNodeOptions> = { policy: () => 'accept' }

/** Nodes in memory, whose time passes only while somebody waits for something. */
export class NodeWorld {
  readonly clock: ManualClock = createClock(START_MS)
  readonly memory: MemoryRendezvous
  readonly errors: unknown[] = []

  constructor(servers = 1) {
    this.memory = createMemoryRendezvous({ servers, clock: this.clock })
  }

  /** @param fill - of the seed: whoever has another is somebody else */
  async open(fill: number, options: Partial<RendezvousNodeOptions> = {}): Promise<RendezvousNode> {
    const { platform, urls } = this.memory
    const node = await RendezvousNode.open({
      signer: createSigner(new Uint8Array(32).fill(fill)),
      platform,
      servers: urls,
      clock: this.clock,
      ...options,
    })
    node.on('error', (error) => this.errors.push(error))
    onTestFinished(() => this.settled(node.close()))
    return node
  }

  /** Logged in everywhere. */
  async online(fill: number, options?: Partial<RendezvousNodeOptions>): Promise<RendezvousNode> {
    const node = await this.open(fill, options)
    await this.until(() => node.servers().every(({ state }) => state === 'ready'), 'the login')
    return node
  }

  /** Let time pass until this holds. */
  async until(done: () => boolean, what: string): Promise<void> {
    for (let ms = 0; ms < 20_000; ms++) {
      if (done()) return
      await this.pass(1)
    }
    throw new Error(`waited 20 s for ${what}`)
  }

  /** Let so much time pass. */
  async pass(ms: number): Promise<void> {
    this.clock.advance(ms)
    for (let turn = 0; turn < 10; turn++) await Promise.resolve()
  }

  /** Let time pass, in steps, until this is settled. */
  async settled<Value>(promise: Promise<Value>, stepMs = 1): Promise<Value> {
    let isSettled = false
    const settle = (): void => {
      isSettled = true
    }
    promise.then(settle, settle)
    for (let step = 0; !isSettled && step < 20_000; step++) await this.pass(stepMs)
    return await promise
  }
}

/** A reader that keeps what comes. */
export class Reader {
  bytes: number[] = []
  hasEnded = false
  closedWith: string | undefined
  readonly stream: ByteStream

  constructor(stream: ByteStream) {
    this.stream = stream
    stream.start({
      data: (chunk) => this.bytes.push(...chunk),
      end: () => (this.hasEnded = true),
      drain() {},
      closed: (error) => (this.closedWith = error?.code ?? 'in order'),
    })
  }
}

/** The code with which a promise fails. */
export async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise
  } catch (error) {
    return (error as { code?: unknown }).code
  }
  return 'no failure'
}

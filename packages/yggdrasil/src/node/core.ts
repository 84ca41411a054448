import { generateX25519KeyPair, type SeedSigner, verify } from '@mimirjs/crypto'
import { YggdrasilError } from '../error.js'
import { isKeyAt, KEY_BYTES } from '../key.js'
import type { YggdrasilLimits } from '../limits.js'
import { Router } from '../router/router.js'
import type { PathInfo, RouterLink, RouterPeerInfo, TreeInfo } from '../router/types.js'
import { sessionIdentity } from '../session/identity.js'
import { Sessions } from '../session/sessions.js'
import { StreamStack } from '../stream/stack.js'
import { CoreType } from '../wire/core.js'
import { NodeInfo } from './node-info.js'
import { Requests } from './requests.js'
import { parseUsableKey } from './targets.js'
import type { PacketHandler, SessionInfo, YggdrasilStats } from './types.js'

/** Longest raw packet. yggdrasil protocol §8.7 */
export const MAX_RAW_PACKET_BYTES = 65_535
/** Raw packets to ourselves that wait to be handed over. */
const MAX_OWN_PACKETS = 64

/** What the machine asks of its surroundings. */
export interface NodeEffects {
  /** The remote of this link has shown that it has its key. */
  proven(link: RouterLink): void
  treeChanged(tree: TreeInfo): void
  /** A callback of the application threw. */
  threw(error: unknown): void
  /** There is work that no packet brought: call {@link NodeCore.advance} soon, never from inside this call. */
  wake(): void
}

export interface NodeCoreOptions {
  /** 32 bytes, secret. */
  readonly seed: Uint8Array
  /** Of the seed. */
  readonly signer: SeedSigner
  /** Milliseconds since 1970. */
  readonly wallMs: () => number
  /** Unpredictable bytes. */
  readonly random: (bytes: number) => Uint8Array
  readonly limits: YggdrasilLimits
  readonly transit: boolean
  readonly nodeInfo?: object | undefined
  readonly effects: NodeEffects
}

/**
 * A whole node without I/O and clock: router, sessions, streams, raw packets, and what they say to each other. Frames of
 * links and the time go in, frames to links come out. yggdrasil protocol §9
 */
export class NodeCore {
  readonly publicKey: Uint8Array
  readonly stack: StreamStack
  readonly requests: Requests
  readonly #router: Router
  readonly #sessions: Sessions
  readonly #nodeInfo: NodeInfo | undefined
  readonly #effects: NodeEffects
  #handler: PacketHandler | undefined
  #own: Uint8Array[] = []

  /** @throws {YggdrasilError} `misuse` | `too-large` for node information that cannot be sent */
  constructor(options: NodeCoreOptions, nowMs: number) {
    const { seed, signer, limits, effects, wallMs } = options
    const { publicKey } = signer
    const wallSeconds = () => Math.floor(wallMs() / 1000)
    this.publicKey = publicKey
    this.#effects = effects
    this.#nodeInfo = options.nodeInfo === undefined ? undefined : new NodeInfo(options.nodeInfo, limits)
    this.#sessions = new Sessions({
      publicKey,
      identity: sessionIdentity(seed, signer),
      generateKeyPair: generateX25519KeyPair,
      wallSeconds,
      limits,
      output: {
        send: (dest, payload, atMs) => this.#router.send(dest, payload, atMs),
        deliver: (source, payload, atMs) => this.#deliver(source, payload, atMs),
        answered: (source, atMs) => this.requests.answered(source, atMs),
      },
    })
    this.stack = new StreamStack({
      publicKey,
      output: { send: (remote, packet, atMs) => this.#sessions.send(remote, packet, atMs) },
      randomPort: () => numberOf(options.random(2)),
      limits,
      isPortAllowed: isStreamPort,
      onThrow: (error) => effects.threw(error),
    })
    this.requests = new Requests(
      {
        lookup: (key, atMs) => this.#router.lookup(key, atMs),
        probe: (key, atMs) => this.#sessions.probe(key, atMs),
      },
      limits.requests,
    )
    this.#router = new Router(
      {
        publicKey,
        sign: (message) => signer.sign(message),
        verify,
        random64: () => (BigInt(numberOf(options.random(4))) << 32n) | BigInt(numberOf(options.random(4))),
        unixSeconds: wallSeconds,
        transit: options.transit,
        limits,
        effects: {
          deliver: (source, payload, atMs) => this.#sessions.receive(source, payload, atMs),
          pathFound: (key) => this.requests.found(key),
          proven: (link) => effects.proven(link),
          treeChanged: (tree) => effects.treeChanged(tree),
        },
      },
      nowMs,
    )
  }

  /** @throws {YggdrasilError} `self` for a link to our own key */
  addLink(link: RouterLink, nowMs: number): void {
    this.#router.addLink(link, nowMs)
  }

  removeLink(link: RouterLink, nowMs: number): void {
    this.#router.removeLink(link, nowMs)
    // What was full and is gone will not drain.
    this.stack.drained(nowMs)
  }

  /** @throws {YggdrasilError} close this link */
  receive(link: RouterLink, type: number, body: Uint8Array, nowMs: number): void {
    this.#router.receive(link, type, body, nowMs)
  }

  drained(link: RouterLink, nowMs: number): void {
    this.#router.drained(link, nowMs)
    this.stack.drained(nowMs)
  }

  /**
   * Send a raw packet.
   * @returns `false`: taken, but the way is full
   * @throws {YggdrasilError} `bad-key` | `too-large`
   */
  send(dest: Uint8Array, packet: Uint8Array, nowMs: number): boolean {
    if (packet.length > MAX_RAW_PACKET_BYTES) {
      const text = `packet of ${packet.length} bytes: at most ${MAX_RAW_PACKET_BYTES} can be sent`
      throw new YggdrasilError('too-large', text, { blame: 'local' })
    }
    // Where there is a session, there is somebody with this key.
    if (dest?.length !== KEY_BYTES || !this.#sessions.has(dest, nowMs)) parseUsableKey(dest)
    if (isKeyAt(dest, 0, this.publicKey)) return this.#sendToSelf(packet)
    return this.#sessions.send(dest, packet, nowMs, CoreType.raw)
  }

  /** Whom raw packets go to; `undefined`: nobody, then they are taken for packets of streams. */
  handleRaw(handler: PacketHandler | undefined): void {
    this.#handler = handler
  }

  get nextDeadlineMs(): number {
    const { nextDeadlineMs } = this.#router
    if (this.#own.length > 0) return 0
    return Math.min(
      nextDeadlineMs,
      this.#sessions.nextDeadlineMs,
      this.stack.nextDeadlineMs,
      this.requests.nextDeadlineMs,
    )
  }

  /** Do what is due. */
  advance(nowMs: number): void {
    if (nowMs >= this.#router.nextDeadlineMs) this.#router.advance(nowMs)
    if (nowMs >= this.#sessions.nextDeadlineMs) this.#sessions.advance(nowMs)
    if (nowMs >= this.requests.nextDeadlineMs) this.requests.advance(nowMs)
    if (nowMs >= this.stack.nextDeadlineMs) this.stack.advance(nowMs)
    for (const packet of this.#own.splice(0)) this.#handle(this.publicKey, packet)
  }

  tree(): TreeInfo {
    return this.#router.tree()
  }

  /** One entry for each link. */
  peers(): RouterPeerInfo[] {
    return this.#router.peers()
  }

  paths(): PathInfo[] {
    return this.#router.paths()
  }

  sessions(): SessionInfo[] {
    return this.#sessions.sessions()
  }

  /** Whether there is a proven link to a parent or child: what is sent has a way to go. */
  get isOnTree(): boolean {
    return this.#router.peers().some(({ proven, onTree }) => proven && onTree)
  }

  stats(): YggdrasilStats {
    const sizes = this.#router.sizes()
    const { sources, strays, openingBytes } = this.#sessions.tableSizes
    const groups = {
      router: { ...this.#router.stats(), records: sizes.records, rumors: sizes.rumors, keptBytes: sizes.keptBytes },
      session: { ...this.#sessions.stats, sources, strays, openingBytes },
      stream: this.stack.stats(),
      node: { requests: this.requests.size, nodeInfoAsked: this.#nodeInfo?.size ?? 0 },
    }
    const counters: Record<string, number> = {}
    for (const [group, values] of Object.entries(groups)) {
      for (const [name, value] of Object.entries(values)) counters[`${group}.${name}`] = value as number
    }
    const { size, openings } = this.#sessions
    return { sessions: size, openings, paths: sizes.paths, links: sizes.links, counters }
  }

  /** Forget secrets, and give up what is asked. Links and streams are to be closed before. */
  close(error: YggdrasilError): void {
    this.requests.close(error)
    this.#sessions.close()
    this.#own = []
  }

  /** Whose a packet is. yggdrasil protocol §9.1 */
  #deliver(source: Uint8Array, payload: Uint8Array, nowMs: number): void {
    if (payload[0] === CoreType.raw && this.#handler !== undefined) {
      this.#handle(source, payload.subarray(1))
      return
    }
    const answer = this.#nodeInfo?.answer(source, payload, nowMs)
    if (answer === undefined) this.stack.receive(source, payload, nowMs)
    else this.#sessions.send(source, answer, nowMs)
  }

  #handle(source: Uint8Array, packet: Uint8Array): void {
    try {
      this.#handler?.(source, packet)
    } catch (error) {
      this.#effects.threw(error)
    }
  }

  #sendToSelf(packet: Uint8Array): boolean {
    if (this.#own.length >= MAX_OWN_PACKETS) return false
    this.#own.push(packet.slice())
    this.#effects.wake()
    return true
  }
}

/** A packet of a stream begins with its source port: these would be taken for raw packets and messages. §9.1 */
function isStreamPort(port: number): boolean {
  return port < 256 || port > 767
}

function numberOf(bytes: Uint8Array): number {
  return bytes.reduce((value, byte) => value * 256 + byte, 0)
}

import { createRandom, type Random } from '@mimirjs/transport/testing'
import { transformKey } from '../../../src/address.js'
import { BloomFilter } from '../../../src/bloom.js'
import { isYggdrasilError, type YggdrasilError } from '../../../src/error.js'
import { type KeyId, keyId } from '../../../src/key.js'
import type { RouterLimits } from '../../../src/limits.js'
import { Router } from '../../../src/router/router.js'
import type { RouterLink, TreeInfo } from '../../../src/router/types.js'
import { type Announce, decodeAnnounce, encodeAnnounce } from '../../../src/wire/announce.js'
import { PacketType } from '../../../src/wire/frame.js'
import { type Path, pathOf } from '../../../src/wire/path.js'
import { encodePathNotify, signedPathBytes } from '../../../src/wire/pathfinder.js'
import {
  decodeSigReq,
  decodeSigRes,
  encodeSigReq,
  encodeSigRes,
  type SigReq,
  type SigRes,
  signedParentBytes,
} from '../../../src/wire/signature.js'
import { decodeTraffic, encodeTraffic, type Traffic } from '../../../src/wire/traffic.js'
import { uvarintEnd } from '../../../src/wire/uvarint.js'
import { cheapIdentity, type Identity } from './identity.js'

export const START_MS = 1_750_000_000_000

export interface BenchOptions {
  readonly identity?: Identity
  readonly transit?: boolean
  readonly limits?: Partial<RouterLimits>
  readonly seed?: number
}

/** One router on a bench: every link ends at a puppet that a test plays. */
export class Bench {
  readonly identity: Identity
  readonly router: Router
  readonly random: Random
  readonly puppets: Puppet[] = []
  readonly deliveries: { source: KeyId; payload: Uint8Array }[] = []
  readonly found: KeyId[] = []
  readonly proven: RouterLink[] = []
  readonly trees: TreeInfo[] = []
  nowMs: number = START_MS
  /** How far the time of day is off. */
  skewSeconds = 0

  constructor({ identity, transit = true, limits = {}, seed = 1 }: BenchOptions = {}) {
    this.random = createRandom(seed)
    this.identity = identity ?? this.middling()
    this.router = new Router(
      {
        ...this.identity,
        random64: () => new DataView(this.random.bytes(8).buffer).getBigUint64(0),
        unixSeconds: () => Math.floor(this.nowMs / 1000) + this.skewSeconds,
        transit,
        limits,
        effects: {
          deliver: (source, payload) => void this.deliveries.push({ source: keyId(source), payload: payload.slice() }),
          pathFound: (key) => void this.found.push(keyId(key)),
          proven: (link) => void this.proven.push(link),
          treeChanged: (tree) => void this.trees.push(tree),
        },
      },
      this.nowMs,
    )
  }

  get key(): Uint8Array {
    return this.identity.publicKey
  }

  get id(): KeyId {
    return keyId(this.key)
  }

  /** A key that starts with this byte: low ones become root. */
  someone(firstByte: number): Identity {
    return cheapIdentity(this.random, firstByte)
  }

  middling(): Identity {
    return this.someone(0x80)
  }

  /** A link to a new puppet. It has said nothing yet. */
  link(identity: Identity = this.someone(0xc0), options: { priority?: number } = {}): Puppet {
    const puppet = new Puppet(this, identity, this.puppets.length + 1, options.priority ?? 0)
    this.puppets.push(puppet)
    this.router.addLink(puppet, this.nowMs)
    return puppet
  }

  /** A link to a puppet that has answered the first request. */
  neighbour(identity?: Identity, options: { priority?: number; latencyMs?: number; port?: bigint } = {}): Puppet {
    const puppet = this.link(identity, options)
    this.advance(options.latencyMs ?? 0)
    puppet.answer(options.port)
    return puppet
  }

  /** A neighbour that is the lowest root, and our parent by the next tick. */
  parent(options: { port?: bigint; firstByte?: number } = {}): Puppet {
    const puppet = this.neighbour(this.someone(options.firstByte ?? 0x01), { port: options.port ?? 5n })
    puppet.announceRoot()
    this.advance(1000)
    return puppet
  }

  /** A neighbour that has chosen us as its parent, seen by the next tick. */
  child(identity?: Identity): Puppet {
    const puppet = this.neighbour(identity)
    puppet.announceAsChild()
    this.advance(1000)
    return puppet
  }

  /** Let time pass, with everything that falls due. */
  advance(ms: number): void {
    const untilMs = this.nowMs + ms
    while (this.router.nextDeadlineMs <= untilMs) {
      this.nowMs = Math.max(this.nowMs, this.router.nextDeadlineMs)
      this.router.advance(this.nowMs)
    }
    this.nowMs = untilMs
  }
}

/** The other end of a link, played by a test. */
export class Puppet implements RouterLink {
  readonly id: number
  readonly identity: Identity
  readonly publicKey: Uint8Array
  readonly priority: number
  readonly #bench: Bench
  /** Frames that arrived and were not taken. */
  #frames: { type: number; body: Uint8Array }[] = []
  request: SigReq | undefined
  /** Whether the link takes more traffic. */
  isReading = true
  /** Why the router cut the link. */
  cut: YggdrasilError | undefined
  #seq = 0n

  constructor(bench: Bench, identity: Identity, id: number, priority: number) {
    this.#bench = bench
    this.identity = identity
    this.publicKey = identity.publicKey.slice()
    this.id = id
    this.priority = priority
  }

  get keyId(): KeyId {
    return keyId(this.publicKey)
  }

  /** How the router calls this end in coordinates below it. */
  get port(): bigint {
    const info = this.#bench.router.peers().find(({ linkId }) => linkId === this.id)
    return BigInt(info?.port ?? 0)
  }

  write(frame: Uint8Array): boolean {
    const head = uvarintEnd(frame, 0)
    const [type, body] = [frame[head]!, frame.slice(head + 1)]
    if (type === PacketType.sigReq) this.request = decodeSigReq(body)
    this.#frames.push({ type, body })
    return this.isReading
  }

  close(reason: YggdrasilError): void {
    this.cut = reason
  }

  /** Bodies of this type that came since the last time. */
  take(type: number): Uint8Array[] {
    const taken = this.#frames.filter((frame) => frame.type === type).map(({ body }) => body)
    this.#frames = this.#frames.filter((frame) => frame.type !== type)
    return taken
  }

  takeAll(): { type: number; body: Uint8Array }[] {
    return this.#frames.splice(0)
  }

  announces(): Announce[] {
    return this.take(PacketType.announce).map((body) => decodeAnnounce(body))
  }

  filters(): BloomFilter[] {
    return this.take(PacketType.bloomFilter).map((body) => BloomFilter.decode(body))
  }

  traffic(): Traffic[] {
    return this.take(PacketType.traffic).map((body) => decodeTraffic(body))
  }

  /** Send a frame to the router. A fault cuts the link, as it does in a node. */
  send(type: number, body: Uint8Array): YggdrasilError | undefined {
    try {
      this.#bench.router.receive(this, type, body, this.#bench.nowMs)
    } catch (error) {
      if (!isYggdrasilError(error)) throw error
      this.cut = error
      this.#bench.router.removeLink(this, this.#bench.nowMs)
    }
    return this.cut
  }

  remove(): void {
    this.#bench.router.removeLink(this, this.#bench.nowMs)
  }

  drain(): void {
    this.isReading = true
    this.#bench.router.drained(this, this.#bench.nowMs)
  }

  /** Answer the request that came last. */
  answer(port = 1n, request: SigReq | undefined = this.request): YggdrasilError | undefined {
    if (request === undefined) throw new Error('there was no request')
    const { seq, nonce } = request
    const psig = this.identity.sign(signedParentBytes(this.#bench.key, this.publicKey, seq, nonce, port))
    return this.send(PacketType.sigRes, encodeSigRes({ seq, nonce, port, psig }))
  }

  /** Ask for a signature and take the answer. */
  ask(request: SigReq = { seq: 1n, nonce: 7n }): SigRes {
    this.take(PacketType.sigRes)
    this.send(PacketType.sigReq, encodeSigReq(request))
    const [answer] = this.take(PacketType.sigRes)
    if (answer === undefined) throw new Error('there was no answer')
    return decodeSigRes(answer)
  }

  announce(announce: Announce): YggdrasilError | undefined {
    return this.send(PacketType.announce, encodeAnnounce(announce))
  }

  announceRoot(): YggdrasilError | undefined {
    return this.announce(rootOf(this.identity, ++this.#seq))
  }

  /** We are the parent: the router signs, and then it is told. */
  announceAsChild(): YggdrasilError | undefined {
    const { psig, port, seq, nonce } = this.ask({ seq: ++this.#seq, nonce: 1n })
    const { key } = this.#bench
    const sig = this.identity.sign(signedParentBytes(this.publicKey, key, seq, nonce, port))
    return this.announce({ key: this.publicKey, parent: key, seq, nonce, port, psig, sig })
  }

  filterOf(...keys: readonly Uint8Array[]): YggdrasilError | undefined {
    const filter = new BloomFilter()
    for (const key of keys) filter.add(transformKey(key))
    return this.send(PacketType.bloomFilter, filter.encode())
  }

  sendTraffic(traffic: Partial<Traffic>): YggdrasilError | undefined {
    const whole: Traffic = {
      path: pathOf([]),
      from: pathOf([]),
      source: this.publicKey,
      dest: this.#bench.key,
      watermark: 1000n,
      payload: Uint8Array.of(1, 2, 3),
      ...traffic,
    }
    return this.send(PacketType.traffic, encodeTraffic(whole))
  }

  /** Tell the router where `identity` is. */
  notify(identity: Identity, path: Path, seq: number): YggdrasilError | undefined {
    return this.send(PacketType.pathNotify, encodePathNotify(notifyOf(identity, this.#bench.key, path, BigInt(seq))))
  }
}

export function rootOf(identity: Identity, seq: bigint, nonce = 1n): Announce {
  const { publicKey: key } = identity
  const sig = identity.sign(signedParentBytes(key, key, seq, nonce, 0n))
  return { key, parent: key, seq, nonce, port: 0n, psig: sig, sig }
}

export function childOf(identity: Identity, parent: Identity, port: bigint, seq: bigint, nonce = 1n): Announce {
  const signed = signedParentBytes(identity.publicKey, parent.publicKey, seq, nonce, port)
  const { publicKey: key } = identity
  return { key, parent: parent.publicKey, seq, nonce, port, psig: parent.sign(signed), sig: identity.sign(signed) }
}

export function notifyOf(identity: Identity, dest: Uint8Array, infoPath: Path, infoSeq: bigint) {
  return {
    path: pathOf([]),
    watermark: 1000n,
    source: identity.publicKey,
    dest,
    infoSeq,
    infoPath,
    infoSig: identity.sign(signedPathBytes(infoSeq, infoPath)),
  }
}

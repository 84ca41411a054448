import {
  createSigner,
  generateSeed,
  generateX25519KeyPair,
  randomBytes,
  type SeedSigner,
  verify,
} from '@mimirjs/crypto'
import { steadyClock } from '@mimirjs/transport'
import { DEFAULT_LIMITS } from '../../packages/yggdrasil/src/limits.js'
import { Links } from '../../packages/yggdrasil/src/links/links.js'
import { socketDriver } from '../../packages/yggdrasil/src/links/native/sockets.js'
import type { Link } from '../../packages/yggdrasil/src/links/types.js'
import { Router } from '../../packages/yggdrasil/src/router/router.js'
import type { RouterLink } from '../../packages/yggdrasil/src/router/types.js'
import { sessionIdentity } from '../../packages/yggdrasil/src/session/identity.js'
import { Sessions } from '../../packages/yggdrasil/src/session/sessions.js'
import {
  decodePathLookup,
  decodeTraffic,
  encodeFrame,
  encodePathNotify,
  encodeTraffic,
  PacketType,
  pathOf,
  signedPathBytes,
  transformKey,
} from '../../packages/yggdrasil/src/wire/index.js'

const TICK_MS = 100
const JOIN_MS = 30_000
const FARTHEST = 2n ** 64n - 1n
/** Says that every key is behind this link. */
const EVERY_KEY = encodeFrame(
  PacketType.bloomFilter,
  Uint8Array.from({ length: 32 }, (_, at) => (at < 16 ? 0 : 0xff)),
)
const RAW = 1
const PING = 0x50
const PONG = 0x52

interface Somebody {
  readonly signer: SeedSigner
  readonly sessions: Sessions
}

/**
 * Many keys behind one link, of which each has its own sessions: what a node makes of a thousand others, without a
 * thousand others. It is one node as far as the tree goes; lookups for any of the keys are answered with its place.
 */
export class Crowd {
  readonly #byKey = new Map<string, Somebody>()
  readonly #byWanted = new Map<string, Somebody>()
  readonly #router: Router
  readonly #links: Links
  #link: Link | undefined

  private constructor() {
    const seed = generateSeed()
    const signer = createSigner(seed)
    this.#router = new Router(
      {
        publicKey: signer.publicKey,
        sign: (message) => signer.sign(message),
        verify,
        random64: () => new DataView(randomBytes(8).buffer).getBigUint64(0),
        unixSeconds,
        transit: true,
        effects: { deliver: () => {}, pathFound: () => {}, proven: (link) => this.#links.prove(link) },
      },
      steadyClock.nowMs(),
    )
    const wrapped = new Map<Link, RouterLink>()
    this.#links = new Links({
      signer,
      drivers: [socketDriver({ seed, clock: steadyClock, handshakeMs: DEFAULT_LIMITS.handshakeMs })],
      clock: steadyClock,
      random: randomBytes,
      limits: DEFAULT_LIMITS,
      sink: {
        up: (link) => {
          this.#link = link
          wrapped.set(link, boasting(link))
          this.#router.addLink(wrapped.get(link) ?? link, steadyClock.nowMs())
        },
        frame: (link, type, body) => {
          if (this.#answers(type, body)) return
          this.#router.receive(wrapped.get(link) ?? link, type, body, steadyClock.nowMs())
        },
        batchEnd: () => {},
        drained: (link) => this.#router.drained(wrapped.get(link) ?? link, steadyClock.nowMs()),
        down: (link) => this.#router.removeLink(wrapped.get(link) ?? link, steadyClock.nowMs()),
      },
    })
    setInterval(() => this.#router.advance(steadyClock.nowMs()), TICK_MS)
  }

  /** @returns when it has a place in the tree of this peer */
  static async gather(count: number, uri: string): Promise<Crowd> {
    const crowd = new Crowd()
    for (let index = 0; index < count; index++) crowd.#add()
    crowd.#links.addPeer(uri)
    const endMs = performance.now() + JOIN_MS
    while (crowd.#router.peers()[0]?.onTree !== true) {
      if (performance.now() > endMs) throw new Error('the crowd found no place in the tree')
      await new Promise((resolve) => setTimeout(resolve, TICK_MS))
    }
    return crowd
  }

  /** Hex. */
  get keys(): string[] {
    return [...this.#byKey.keys()]
  }

  #add(): void {
    const seed = generateSeed()
    const signer = createSigner(seed)
    const { publicKey } = signer
    const sessions: Sessions = new Sessions({
      publicKey,
      identity: sessionIdentity(seed, signer),
      generateKeyPair: generateX25519KeyPair,
      wallSeconds: unixSeconds,
      limits: DEFAULT_LIMITS,
      output: {
        send: (dest, payload) => this.#sendTraffic(publicKey, dest, payload),
        deliver: (source, payload, nowMs) => {
          if (payload[0] !== RAW || payload[1] !== PING) return
          const answer = new Uint8Array(payload)
          answer[1] = PONG
          sessions.send(source, answer, nowMs)
        },
        answered: () => {},
      },
    })
    this.#byKey.set(hex(publicKey), { signer, sessions })
    this.#byWanted.set(hex(transformKey(publicKey)), { signer, sessions })
  }

  /** @returns whether it was for one of the keys */
  #answers(type: number, body: Uint8Array): boolean {
    if (type === PacketType.traffic) {
      const { dest, source, payload } = decodeTraffic(body)
      this.#byKey.get(hex(dest))?.sessions.receive(source, payload, steadyClock.nowMs())
      return this.#byKey.has(hex(dest))
    }
    if (type !== PacketType.pathLookup) return false
    const { source, dest, from } = decodePathLookup(body)
    const wanted = this.#byWanted.get(hex(transformKey(dest)))
    if (wanted === undefined) return false
    const infoPath = pathOf(this.#router.tree().coordinates)
    const infoSeq = BigInt(unixSeconds())
    const infoSig = wanted.signer.sign(signedPathBytes(infoSeq, infoPath))
    const { publicKey } = wanted.signer
    const notify = { path: from, watermark: FARTHEST, source: publicKey, dest: source, infoSeq, infoPath, infoSig }
    this.#link?.write(encodeFrame(PacketType.pathNotify, encodePathNotify(notify)))
    return true
  }

  /** There is one place that it can go to. */
  #sendTraffic(source: Uint8Array, dest: Uint8Array, payload: Uint8Array): boolean {
    const path = pathOf(this.#router.peers()[0]?.coordinates ?? [])
    const from = pathOf(this.#router.tree().coordinates)
    const body = encodeTraffic({ path, from, source, dest, watermark: FARTHEST, payload })
    return this.#link?.write(encodeFrame(PacketType.traffic, body)) ?? false
  }
}

/** The link with another filter in the place of every one that the router sends. */
function boasting(link: Link): RouterLink {
  return {
    id: link.id,
    publicKey: link.publicKey,
    priority: link.priority,
    write: (frame) => link.write(typeOf(frame) === PacketType.bloomFilter ? EVERY_KEY : frame),
    close: (reason) => link.close(reason),
  }
}

/** After a length of one or two bytes, as control frames have. */
function typeOf(frame: Uint8Array): number | undefined {
  return (frame[0] ?? 0) < 0x80 ? frame[1] : frame[2]
}

function unixSeconds(): number {
  return Math.floor(Date.now() / 1000)
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')
}

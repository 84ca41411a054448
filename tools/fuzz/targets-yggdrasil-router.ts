import {
  decodePacket,
  encodeAnnounce,
  encodeFrame,
  encodePathBroken,
  encodePathLookup,
  encodePathNotify,
  encodeSigReq,
  encodeSigRes,
  encodeTraffic,
  FrameReader,
  isYggdrasilError,
  PacketType,
  pathOf,
} from '@mimirjs/yggdrasil/wire'
import { BloomFilter } from '../../packages/yggdrasil/src/bloom.js'
import type { Identity } from '../../packages/yggdrasil/test/router/support/identity.js'
import { Bench, childOf, notifyOf, type Puppet, rootOf } from '../../packages/yggdrasil/test/router/support/puppet.js'
import type { Random } from './random.js'
import { Broken, type FuzzTarget } from './target.js'

/** So low that a few packets reach them. */
const LIMITS = {
  records: 6,
  paths: 1,
  rumors: 2,
  keptBytes: 700,
  copiedBytes: 300,
  queueBytes: 200,
  pathPorts: 16,
  checksPerSecond: 20,
  waitingCheckBytes: 2000,
}
/** What a remote may be cut off for. */
const REFUSALS: ReadonlySet<string> = new Set(['malformed', 'bad-signature', 'flood', 'timeout'])

/** Signatures are right unless they begin with ff: so that bytes changed anywhere get past them. */
function lenient(firstByte: number): Identity {
  const publicKey = Uint8Array.from({ length: 32 }, (_, at) =>
    at === 0 ? firstByte : (firstByte * 7 + at * 13) & 0xff,
  )
  return { publicKey, sign: () => new Uint8Array(64), verify: (signature) => signature[0] !== 0xff }
}

const [ourselves, above, below, third, far] = [0x50, 0x10, 0xa0, 0xb0, 0xd0].map(lenient) as [
  Identity,
  Identity,
  Identity,
  Identity,
  Identity,
]

/** A node at 5 with a parent, a child at 5.2, a neighbour that is neither, and a link that has proven nothing. */
class Scene {
  readonly bench = new Bench({ identity: ourselves, limits: LIMITS })
  readonly parent: Puppet
  readonly child: Puppet
  readonly puppets: Puppet[]

  constructor() {
    const { bench } = this
    this.parent = bench.neighbour(above, { port: 5n })
    this.parent.announceRoot()
    this.child = bench.child(below)
    const [neighbour, unproven] = [bench.neighbour(third), bench.link(lenient(0xb7))]
    this.parent.filterOf(far.publicKey)
    this.puppets = [this.parent, this.child, neighbour, unproven]
    bench.advance(2000)
    for (const puppet of this.puppets) puppet.takeAll()
  }
}

/** Frames of every type, most of which make the node of the scene do something. */
function conversation(): Uint8Array[] {
  const { bench, child } = new Scene()
  const seq = BigInt(Math.floor(bench.nowMs / 1000))
  const request = child.request ?? { seq: 1n, nonce: 1n }
  const keys = { source: third.publicKey, dest: far.publicKey }
  const traffic = { ...keys, path: pathOf([5, 2, 9]), from: pathOf([5, 2]), watermark: 2n ** 64n - 1n }
  const filter = new BloomFilter()
  filter.add(far.publicKey)
  const notify = notifyOf(far, ourselves.publicKey, pathOf([7, 8]), seq)
  return [
    encodeFrame(PacketType.dummy, new Uint8Array(3)),
    encodeFrame(PacketType.keepAlive, new Uint8Array(0)),
    encodeFrame(PacketType.sigReq, encodeSigReq({ seq: 5n, nonce: 2n ** 63n })),
    encodeFrame(PacketType.sigRes, encodeSigRes({ ...request, port: 3n, psig: new Uint8Array(64) })),
    encodeFrame(PacketType.announce, encodeAnnounce(rootOf(lenient(1), 9n))),
    encodeFrame(PacketType.announce, encodeAnnounce(childOf(third, lenient(1), 4n, 9n))),
    encodeFrame(PacketType.announce, encodeAnnounce(childOf(above, below, 2n ** 60n, 9n))),
    encodeFrame(PacketType.announce, encodeAnnounce(childOf(ourselves, third, 3n, 40n))),
    encodeFrame(PacketType.bloomFilter, filter.encode()),
    encodeFrame(PacketType.pathLookup, encodePathLookup({ ...keys, from: pathOf([5, 2]) })),
    encodeFrame(PacketType.pathLookup, encodePathLookup({ ...keys, dest: ourselves.publicKey, from: pathOf([8]) })),
    encodeFrame(PacketType.pathNotify, encodePathNotify(notify)),
    encodeFrame(PacketType.pathNotify, encodePathNotify(notifyOf(third, ourselves.publicKey, pathOf([8]), seq))),
    encodeFrame(PacketType.pathNotify, encodePathNotify({ ...notify, path: pathOf([5, 2, 1]), dest: third.publicKey })),
    encodeFrame(PacketType.pathBroken, encodePathBroken({ ...traffic, path: pathOf([8]) })),
    encodeFrame(PacketType.pathBroken, encodePathBroken({ ...traffic, source: ourselves.publicKey })),
    encodeFrame(PacketType.traffic, encodeTraffic({ ...traffic, payload: new Uint8Array(40) })),
    encodeFrame(PacketType.traffic, encodeTraffic({ ...traffic, path: pathOf([5, 77]), payload: new Uint8Array(1) })),
    encodeFrame(
      PacketType.traffic,
      encodeTraffic({ ...traffic, dest: ourselves.publicKey, payload: new Uint8Array(9) }),
    ),
  ]
}

function join(frames: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(frames.reduce((size, { length }) => size + length, 0))
  let at = 0
  for (const frame of frames) {
    whole.set(frame, at)
    at += frame.length
  }
  return whole
}

/** The whole frames that a link would hand over before it broke. */
function framesOf(input: Uint8Array): { type: number; body: Uint8Array }[] {
  const frames: { type: number; body: Uint8Array }[] = []
  try {
    new FrameReader().push(input, (type, body) => void frames.push({ type, body }))
  } catch (error) {
    if (!isYggdrasilError(error)) throw error
  }
  return frames
}

/** What else may happen between two frames. */
function act({ bench, puppets }: Scene, random: Random): void {
  const puppet = random.pick(puppets)
  switch (random.below(10)) {
    case 0:
      bench.advance(random.below(3000))
      break
    case 1:
      bench.router.send(random.pick([far, third]).publicKey, random.bytes(random.below(300)), bench.nowMs)
      break
    case 2:
      bench.router.lookup(lenient(random.below(256)).publicKey, bench.nowMs)
      break
    case 3:
      puppet.isReading = false
      break
    case 4:
      puppet.drain()
      break
    case 5:
      if (puppet.cut === undefined && puppet.request !== undefined) puppet.answer(BigInt(1 + random.below(300)))
      break
    case 6:
      puppet.remove()
      break
    case 7:
      // Longer than anything lives.
      if (random.below(8) === 0) bench.advance(301_000)
      break
    case 8:
      puppets.push(bench.link(random.pick([above, below, third]), { priority: random.below(3) }))
      break
  }
}

/** Whatever comes, in whatever order: links are cut for their own faults, tables stay small, frames are well-formed. */
const sequences: FuzzTarget = {
  name: 'ygg.router',
  seeds: [join(conversation()), join(conversation().reverse()), ...conversation()],
  feed(input, random) {
    const scene = new Scene()
    const { bench, puppets } = scene
    for (const puppet of puppets) puppet.isReading = random.below(2) === 0
    const frames = framesOf(input)
    for (const { type, body } of [...frames, ...frames]) {
      const sender = random.pick(puppets)
      // A link that was cut brings nothing any more.
      if (sender.cut === undefined) sender.send(type, body)
      if (random.below(3) === 0) act(scene, random)
      check(scene)
    }
    bench.advance(2000)
    check(scene)
    serves(scene)
  },
}

function check({ bench, puppets }: Scene): void {
  const { router, nowMs } = bench
  const { links, records, paths, rumors, sent, keptBytes, queuedBytes } = router.sizes()
  if (records > LIMITS.records || paths > LIMITS.paths || rumors > LIMITS.rumors) throw new Broken('a table grows')
  if (keptBytes > LIMITS.keptBytes + LIMITS.copiedBytes) throw new Broken(`${keptBytes} bytes are kept`)
  if (paths + rumors === 0 && keptBytes !== 0) throw new Broken('bytes are kept for nobody')
  if (keptBytes < 0 || queuedBytes < 0) throw new Broken('bytes are counted wrong')
  if (queuedBytes > links * (LIMITS.queueBytes + 200)) throw new Broken(`${queuedBytes} bytes wait`)
  if (sent > links * records) throw new Broken('more is known to neighbours than we have')
  if (router.nextDeadlineMs > nowMs + 1000) throw new Broken('the tick is late')
  for (const { cut } of puppets)
    if (cut !== undefined && !REFUSALS.has(cut.code)) throw new Broken(`cut for ${cut.code}`)
  for (const puppet of puppets) {
    for (const { type, body } of puppet.takeAll()) {
      const packet = decodePacket(type, body)
      if ('watermark' in packet && packet.watermark > 2n * BigInt(LIMITS.pathPorts)) {
        throw new Broken('a packet left with a watermark that no distance has')
      }
    }
  }
}

/** Somebody who comes afterwards finds a node that works. */
function serves({ bench }: Scene): void {
  const late = bench.neighbour(lenient(0xee))
  bench.deliveries.length = 0
  late.sendTraffic({})
  if (bench.deliveries.length !== 1) throw new Broken('traffic is not delivered any more')
  if (late.ask().port === 0n) throw new Broken('no port was given')
}

export const yggdrasilRouterTargets: readonly FuzzTarget[] = [sequences]

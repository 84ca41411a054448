import { sign } from '@mimirjs/crypto'
import { equalBytes, fromHex, isWireError } from '@mimirjs/wire'
import { encodeSyncHello, encodeSyncPing, encodeSyncRecord, SyncReader, type SyncRecord } from '@mimirjs/wire/tracker'
import { type ExchangeOutcome, Exchanges } from '../../packages/resolver-client/src/exchange.js'
import { POLICIES } from '../../packages/resolver-client/src/policy.js'
import { Trackers } from '../../packages/resolver-client/src/trackers.js'
import { answerTo, nodeKey, nodeRecord, readRequest } from '../../packages/resolver-client/test/support-current.js'
import { isTrackerError } from '../../packages/tracker/src/error.js'
import { completeLimits } from '../../packages/tracker/src/limits.js'
import { POLICIES as TRACKER_POLICIES } from '../../packages/tracker/src/policy.js'
import { Rank } from '../../packages/tracker/src/record.js'
import { Gossip } from '../../packages/tracker/src/sync/gossip.js'
import { SyncLink } from '../../packages/tracker/src/sync/link.js'
import { Table } from '../../packages/tracker/src/table.js'
import { TokenBucket } from '../../packages/tracker/src/token-bucket.js'
import { verifyRecord } from '../../packages/tracker/src/verify.js'
import { publicKeyOf, seedOf } from '../../packages/tracker/test/support.js'
import {
  announceNode,
  currentMachine,
  getNodes,
  nodeKeyOf,
  nodeUrl,
} from '../../packages/tracker/test/support-current.js'
import { cut } from './cut.js'
import { Broken, type FuzzTarget } from './target.js'

const PING = fromHex('021102030402')

/** Any datagram is answered or dropped, and takes nothing from those who come after. */
const machine: FuzzTarget = {
  name: 'tracker.current.machine',
  seeds: [announceNode(1, 3), announceNode(1, 3, {}, 'v1'), announceNode(2, 4), getNodes(1), getNodes(1, 'v1'), PING],
  feed(bytes, random) {
    const { machine: tracker, announce, held, table } = currentMachine()
    announce(1, 3)
    for (let repeat = 1 + random.below(3); repeat > 0; repeat--) {
      const node = 5 + random.below(3)
      const reaction = tracker.receive(bytes, { address: nodeUrl(node) }, random.below(10_000))
      if (reaction instanceof Uint8Array && reaction.length > 5 + 2 * 200)
        throw new Broken('an answer without records grew')
    }
    if (held(1).every(([, node]) => node !== 3)) throw new Broken('the word of a node about itself was lost')
    if (announce(3, 6) !== 240n || held(3).length !== 1) throw new Broken('nobody else is served')
    if (table.users > 3) throw new Broken(`${table.users} users after three announces`)
  },
}

function recordOf(user: number, node: number): SyncRecord {
  const address = nodeKeyOf(node)
  return {
    hop: 3,
    publicKey: publicKeyOf(user),
    address,
    signature: sign(address, seedOf(user)),
    priority: 1,
    clientId: 77,
    lifetimeSeconds: 300n,
    ttlMinutes: 4,
  }
}

const conversation = Uint8Array.from([
  ...encodeSyncHello({ publicKey: nodeKeyOf(1) }),
  ...encodeSyncRecord(recordOf(1, 3)),
  ...encodeSyncPing(),
  ...encodeSyncRecord(recordOf(2, 4)),
])

/** Any bytes from another tracker, in any pieces: records that hold what the rules say, or a reason to end. */
const link: FuzzTarget = {
  name: 'tracker.sync.link',
  seeds: [conversation],
  feed(bytes, random) {
    const limits = completeLimits()
    const policy = TRACKER_POLICIES.current
    const table = new Table(policy, limits)
    const checks = new TokenBucket(1e9, 1e9, 0)
    const gossip = new Gossip({ policy, limits, table, checks, verify: verifyRecord })
    const origin = { rank: Rank.synced, source: undefined }
    const peer = new SyncLink({ incoming: true, peerKey: nodeKeyOf(1), limits, chance: 0, nowMs: 0 })
    let nowMs = 0
    try {
      for (const piece of cut(bytes, random)) {
        for (const record of peer.receive(piece, nowMs)) {
          const outcome = gossip.received(record, origin, nowMs)
          if (outcome === undefined) continue
          if (outcome.record.expiresMs - nowMs > policy.longestLifetimeMs) throw new Broken('a record lives too long')
          if ((outcome.forward?.hop ?? 0) > 2) throw new Broken('a record travels too far')
          if (outcome.forward !== undefined) gossip.encode(outcome.forward, nowMs)
        }
        nowMs += random.below(2000)
        peer.tick(nowMs)
      }
    } catch (error) {
      if (!isTrackerError(error)) throw error
    }
    if (table.users > 2) throw new Broken('more users than were signed for')
  },
}

/** The reader alone: the same frames, however the stream is cut. */
const reader: FuzzTarget = {
  name: 'tracker.SyncReader',
  seeds: [conversation.subarray(32)],
  feed(bytes, random) {
    const whole = framesOf([bytes])
    const pieces = framesOf(cut(bytes, random))
    if (whole.length !== pieces.length || whole.some((frame, index) => !sameFrame(frame, pieces[index]))) {
      throw new Broken('frames depend on how the stream is cut')
    }
  },
}

type Said = Uint8Array | string

function framesOf(pieces: Iterable<Uint8Array>): Said[] {
  const from = new SyncReader(4096)
  const said: Said[] = []
  try {
    for (const piece of pieces) {
      from.push(piece)
      for (let frame = from.next(); frame !== undefined; frame = from.next()) {
        said.push(frame.type === 'ping' ? encodeSyncPing() : encodeSyncRecord(frame))
      }
    }
    from.end()
  } catch (error) {
    if (!isWireError(error)) throw error
    said.push(error.code)
  }
  return said
}

function sameFrame(a: Said, b: Said | undefined): boolean {
  if (typeof a === 'string' || typeof b === 'string' || b === undefined) return a === b
  return equalBytes(a, b)
}

/** Any datagram from the tracker that was asked: the question is answered once, or fails once, in time. */
const exchange: FuzzTarget = {
  name: 'resolver.exchange.current',
  seeds: [
    answerTo({ form: 'v2', command: 'getAddrs', nonce: 0x11223344, announce: undefined }, [nodeRecord(1, 7)]),
    answerTo({ form: 'v1', command: 'getAddrs', nonce: 0x11223344, announce: undefined }, [nodeRecord(1, 7)]),
    answerTo({ form: 'v2', command: 'ping', nonce: 0x11223344, announce: undefined }, []),
    answerTo({ form: 'v2', command: 'announce', nonce: 0x11223344, announce: undefined }, []),
  ],
  feed(bytes, random) {
    const exchanges = new Exchanges(POLICIES.current, 4, (length) =>
      Uint8Array.from({ length }, () => random.below(256)),
    )
    const tracker = new Trackers([nodeUrl(1)], 'ygg', 69).all[0]!
    const outcomes: ExchangeOutcome[] = []
    exchanges.start(tracker, { command: 'getAddrs', publicKey: nodeKey(1) }, (outcome) => outcomes.push(outcome), 0)
    for (let nowMs = 0; nowMs <= 8000; nowMs += 500) {
      for (const { datagram } of exchanges.takeOutgoing()) {
        const { nonce } = readRequest(datagram)
        if (nonce < 0x1000_0000) throw new Broken('a nonce that looks like a version')
        const answer = bytes.slice()
        // Mostly the right nonce, or nothing would ever be read.
        if (answer.length >= 4 && random.below(4) > 0) new DataView(answer.buffer).setUint32(0, nonce)
        exchanges.receive(answer, tracker, nowMs)
      }
      exchanges.tick(nowMs)
    }
    if (outcomes.length !== 1) throw new Broken(`${outcomes.length} outcomes of one question`)
    if (exchanges.free !== 4 || exchanges.nextDeadlineMs !== Infinity) throw new Broken('something is still waited for')
  },
}

/** Trackers of the current generation, and their clients. */
export const trackerTargets: readonly FuzzTarget[] = [machine, link, reader, exchange]

import { fromHex, type Generation, isWireError } from '@mimirjs/wire'
import { encodeDataFrame, encodeFrame, type PeerFrame } from '@mimirjs/wire/peer'
import { DataInbox, type InboxHost } from '../../packages/peer/src/data/data-inbox.js'
import { PeerError } from '../../packages/peer/src/error.js'
import { concat, Machine, message } from '../../packages/peer/test/support/machine.js'
import { c1, c2, handshakeFrames } from '../../packages/peer/test/support/vectors.js'
import { announce, getAddrs, machineWith } from '../../packages/tracker/test/support.js'
import { cut } from './cut.js'
import type { Random } from './random.js'
import { Broken, type FuzzTarget } from './target.js'

type Role = 'initiator' | 'acceptor'

/** What is said after the handshake. */
const TALK: readonly PeerFrame[] = [
  { type: 'text', ...message(1n, 'some text') },
  { type: 'infoRequest', timeSeconds: 5n },
  { type: 'ping' },
  { type: 'text', ...message(2n, 'x'.repeat(3_000)) },
  { type: 'callOffer', mimeType: 'audio/opus', sampleRate: 48_000, channelCount: 1 },
  { type: 'ok', id: 7n },
  { type: 'infoResponse', timeSeconds: 6n, nickname: 'n', info: 'i' },
]

/** And what only the current generation says. */
const TALK_OF_CURRENT: readonly PeerFrame[] = [
  { type: 'contactRequest', message: 'm', nickname: 'n', info: 'i', avatar: new Uint8Array(40) },
  { type: 'contactResponse', accepted: true },
  { type: 'fileRequest', guid: 1n, name: 'a.txt', hash: 'ab'.repeat(32) },
  { type: 'fileRange', guid: 1n, name: 'a.txt', hash: 'ab'.repeat(32), offset: 5, maxBytes: 9 },
  { type: 'streamWanted' },
]

/** A whole recorded handshake as `role` receives it, and some talk. */
function conversation(role: Role, generation: Generation): Uint8Array {
  const handshake = handshakeFrames.filter(({ from }) => from !== role).map(({ hex }) => fromHex(hex))
  const talk = generation === 'current' ? [...TALK, ...TALK_OF_CURRENT] : TALK
  return concat([...handshake, ...talk.map((frame) => encodeFrame(frame, generation))])
}

/** Any bytes, in any pieces, with the clock turned and messages written in between: events or a typed error. */
function sessionTarget(role: Role, generation: Generation): FuzzTarget {
  return {
    name: `peer.session.${role}.${generation}`,
    seeds: [conversation(role, generation)],
    feed(bytes, random) {
      const machine = new Machine({ role, generation, challenge: role === 'initiator' ? c2 : c1 }).start()
      for (const piece of cut(bytes, random)) {
        machine.receive(piece)
        act(machine, random)
        check(machine)
      }
      machine.session.endOfStream()
      check(machine)
      if (machine.session.state !== 'closed') throw new Broken('open after the end of the stream')
      if (machine.context.issued.size > 0) throw new Broken('a challenge outlives its session')
    },
  }
}

function act(machine: Machine, random: Random): void {
  const { session, nowMs } = machine
  switch (random.below(8)) {
    case 0:
      machine.advance(random.below(2_000))
      break
    case 1:
      if (machine.session.window > 0) machine.session.send(message(BigInt(1 + random.below(1e9)) * 2n), machine.nowMs)
      break
    case 2:
      for (const { guid } of machine.of('message')) machine.session.acknowledge(guid)
      break
    case 3:
      if (session.dataWindow > 0) session.beginData({ ...message(7n), dataBytes: random.below(100_000) })
      else if (random.below(2) === 0) session.delivery?.dataWritten(nowMs)
      else session.delivery?.dataFailed()
      break
    case 4:
      if (session.state === 'ready') session.takeData({ type: 'text', ...message(BigInt(random.below(100))) })
      break
  }
}

function check({ events, session }: Machine): void {
  const types = events.map(({ type }) => type)
  if (types.length > 0 && types[0] !== 'ready' && types[0] !== 'closed') throw new Broken(`${types[0]} before READY`)
  const closed = types.indexOf('closed')
  if (closed >= 0 && closed < types.length - 1) throw new Broken('events after the end')
  if (closed >= 0 !== (session.state === 'closed')) throw new Broken('the end was not told')
  if (session.unacknowledged > 17 || session.window < 0) throw new Broken('the window does not hold')
}

/** Any bytes on a data stream, with sinks that hold, fail or refuse: messages, files that end or fail once, or a refusal. */
const dataInbox: FuzzTarget = {
  name: 'peer.dataInbox',
  seeds: [
    concat([
      encodeDataFrame({ ...dataOf(1n), data: new Uint8Array(300) }),
      encodeDataFrame({ ...dataOf(2n), messageType: 4001, data: new Uint8Array(200) }),
      encodeDataFrame({ ...dataOf(3n), messageType: 4001, data: new Uint8Array(0) }),
      encodeDataFrame({ ...dataOf(4n), data: new Uint8Array(0) }),
    ]),
  ],
  feed(bytes, random) {
    let [givenBytes, open] = [0, 0]
    const host: InboxHost = {
      wants: () => true,
      maxMessageBytes: 250,
      message: ({ payload }) => void (givenBytes += payload.length),
      file() {
        if (random.below(4) === 0) return undefined
        open++
        const close = (): void => {
          if (--open < 0) throw new Broken('a file ended twice')
        }
        return { write: () => fail(random), end: close, failed: close }
      },
      fileEnded() {},
      sinkFailed() {},
      call: (_, work) => work(),
    }
    const inbox = new DataInbox(host, () => {})
    try {
      for (const piece of cut(bytes, random)) inbox.receive(piece)
      inbox.end()
    } catch (error) {
      if (!isWireError(error)) throw error
    }
    inbox.close(new PeerError('truncated', 'the end'))
    if (open !== 0) throw new Broken(`${open} files were left open`)
    if (givenBytes > bytes.length) throw new Broken('more was given than came')
  },
}

function dataOf(guid: bigint) {
  const { payload: _, ...rest } = message(guid)
  return rest
}

function fail(random: Random): void {
  if (random.below(8) === 0) throw new Error('no room')
}

/** Any datagram is answered or dropped, and takes nothing from those who come after. */
const trackerMachine: FuzzTarget = {
  name: 'tracker.machine',
  seeds: [announce(1), getAddrs(1), announce(2), getAddrs(2)],
  feed(bytes, random) {
    const { machine, ask, records, table } = machineWith()
    ask(announce(1))
    for (let repeat = 1 + random.below(3); repeat > 0; repeat--) {
      machine.receive(bytes, { address: 'udp://[200::2]:1' }, random.below(10_000))
    }
    if (records(1).length === 0) throw new Broken('a record was lost')
    if (ask(announce(3)) === undefined || records(3).length !== 1) throw new Broken('nobody else is served')
    if (table.users > 3) throw new Broken(`${table.users} users after three announces`)
  },
}

/** The machines behind the decoders. */
export const machineTargets: readonly FuzzTarget[] = [
  sessionTarget('acceptor', 'classic'),
  sessionTarget('acceptor', 'overlay'),
  sessionTarget('initiator', 'classic'),
  sessionTarget('initiator', 'overlay'),
  sessionTarget('acceptor', 'current'),
  sessionTarget('initiator', 'current'),
  dataInbox,
  trackerMachine,
]

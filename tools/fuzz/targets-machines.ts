import { fromHex } from '@mimirjs/wire'
import { encodeFrame, type PeerFrame } from '@mimirjs/wire/peer'
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

/** A whole recorded handshake as `role` receives it, and some talk. */
function conversation(role: Role, generation: 'classic' | 'overlay'): Uint8Array {
  const handshake = handshakeFrames.filter(({ from }) => from !== role).map(({ hex }) => fromHex(hex))
  return concat([...handshake, ...TALK.map((frame) => encodeFrame(frame, generation))])
}

/** Any bytes, in any pieces, with the clock turned and messages written in between: events or a typed error. */
function sessionTarget(role: Role, generation: 'classic' | 'overlay'): FuzzTarget {
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
  switch (random.below(6)) {
    case 0:
      machine.advance(random.below(2_000))
      break
    case 1:
      if (machine.session.window > 0) machine.session.send(message(BigInt(1 + random.below(1e9)) * 2n), machine.nowMs)
      break
    case 2:
      for (const { guid } of machine.of('message')) machine.session.acknowledge(guid)
      break
  }
}

function check({ events, session }: Machine): void {
  const types = events.map(({ type }) => type)
  if (types.length > 0 && types[0] !== 'ready' && types[0] !== 'closed') throw new Broken(`${types[0]} before READY`)
  const closed = types.indexOf('closed')
  if (closed >= 0 && closed < types.length - 1) throw new Broken('events after the end')
  if (closed >= 0 !== (session.state === 'closed')) throw new Broken('the end was not told')
  if (session.unacknowledged > 16 || session.window < 0) throw new Broken('the window does not hold')
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
  trackerMachine,
]

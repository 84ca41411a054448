// Sequences of operations through two sessions, over a link that delivers when and in what pieces chance wants, with the
// clock turned by hand. `MIMIR_FUZZ_RUNS` makes it long.
import { createRandom, type Random } from '@mimirjs/transport/testing'
import { encodeFrame } from '@mimirjs/wire/peer'
import { describe, expect, test } from 'vitest'
import { isPeerError, PeerError } from '../src/error.js'
import { bob, eve } from './support/keys.js'
import { concat, Machine, message, readyPair } from './support/machine.js'
import { c1, machineIn } from './support/vectors.js'

const RUNS = Number(process.env.MIMIR_FUZZ_RUNS ?? 25)

/** One end of the pair: the machine, what it wrote and is not delivered, and what it has said and done. */
class Side {
  readonly machine: Machine
  readonly sent: bigint[] = []
  readonly settled = new Set<bigint>()
  #wire: Uint8Array = new Uint8Array(0)
  #nextGuid = 1n
  /** Messages on the data stream have guids below 0; the one that is being written. */
  #nextDataGuid = -1n
  #dataGuid: bigint | undefined

  constructor(machine: Machine) {
    this.machine = machine
  }

  async collect(): Promise<void> {
    this.#wire = concat([this.#wire, await this.machine.output()])
  }

  deliver(to: Side, byteLength: number): void {
    const bytes = this.#wire.slice(0, byteLength)
    this.#wire = this.#wire.slice(byteLength)
    if (bytes.length > 0) to.machine.receive(bytes)
    // The memory belongs to the stream: whoever keeps a view of it reads this.
    bytes.fill(0xa5)
  }

  get wireBytes(): number {
    return this.#wire.length
  }

  send(random: Random): void {
    const guid = this.#nextGuid
    try {
      this.machine.session.send(message(guid, 'x'.repeat(random.integer(6_000))), this.machine.nowMs)
      this.#nextGuid++
      this.sent.push(guid)
    } catch (error) {
      if (!isPeerError(error) || !['window-full', 'closed'].includes(error.code)) throw error
    }
  }

  /** Begin a message on the data stream, or go on with it: it breaks, or arrives whole. */
  moveData(other: Side, random: Random): void {
    const { session, nowMs } = this.machine
    if (this.#dataGuid === undefined) {
      if (session.dataWindow === 0) return
      const { payload, ...rest } = message(this.#nextDataGuid--)
      session.beginData({ ...rest, dataBytes: payload.length })
      this.#dataGuid = rest.guid
    } else if (random.chance(0.2)) {
      session.delivery?.dataFailed()
      this.#dataGuid = undefined
    } else {
      const guid = this.#dataGuid
      this.#dataGuid = undefined
      other.machine.session.dataHeard(other.machine.nowMs)
      if (!other.machine.session.isPaused) other.machine.session.takeData({ type: 'text', ...message(guid) })
      session.delivery?.dataWritten(nowMs)
    }
  }

  /** Acknowledge or give up one of the messages that are open. */
  settle(random: Random): void {
    const open = this.machine.of('message').filter(({ guid }) => !this.settled.has(guid))
    const chosen = open[random.integer(Math.max(1, open.length))]
    if (chosen === undefined) return
    this.settled.add(chosen.guid)
    if (random.chance(0.9)) this.machine.session.acknowledge(chosen.guid)
    else this.machine.session.refuse(chosen.guid)
  }

  check(other: Side): void {
    const { session, events } = this.machine
    const all = this.machine.of('message').map((event) => event.guid)
    const got = all.filter((guid) => guid > 0n)
    expect(new Set(all).size, 'each once').toBe(all.length)
    expect(got, 'in order, without gaps, each once').toEqual(other.sent.slice(0, got.length))
    const acknowledged = this.machine.of('acknowledged').map((event) => event.guid)
    expect(new Set(acknowledged).size, 'each once').toBe(acknowledged.length)
    for (const guid of acknowledged) expect(other.settled.has(guid)).toBe(true)
    expect(session.unacknowledged).toBeLessThanOrEqual(17)
    expect([0, 1]).toContain(session.dataWindow)
    expect(session.window).toBeGreaterThanOrEqual(0)
    const closed = this.machine.of('closed').length
    expect(closed).toBe(session.state === 'closed' ? 1 : 0)
    if (closed === 1) expect(events.at(-1)?.type).toBe('closed')
    const dueMs = session.nextDeadlineMs
    if (session.state === 'ready' && dueMs !== undefined && dueMs <= this.machine.nowMs) {
      session.tick(this.machine.nowMs)
      expect(session.nextDeadlineMs ?? Number.POSITIVE_INFINITY, 'tick gets on').toBeGreaterThan(this.machine.nowMs)
    }
  }
}

const attempt = (work: () => void): void => {
  try {
    work()
  } catch (error) {
    if (!isPeerError(error)) throw error
  }
}

describe('two sessions, anything in any order', () => {
  test.each(Array.from({ length: RUNS }, (_, seed) => seed))('seed %i', async (seed) => {
    const random = createRandom(seed)
    const generation = (['classic', 'overlay', 'current'] as const)[random.integer(3)]!
    const limits = { inboundMessages: 8, queuedBytes: 100_000 }
    const { initiator, acceptor } = await readyPair({ generation, limits })
    const sides = [new Side(initiator), new Side(acceptor)] as const
    for (let step = 0; step < 250; step++) {
      const [side, other] = random.chance(0.5) ? sides : ([sides[1], sides[0]] as const)
      const { machine } = side
      switch (random.integer(12)) {
        case 0:
        case 1:
        case 2:
          side.send(random)
          break
        case 3:
        case 4:
        case 5:
          await side.collect()
          if (!other.machine.session.isPaused) side.deliver(other, 1 + random.integer(8_000))
          break
        case 6:
        case 7:
          side.settle(random)
          break
        case 8: {
          const ms = random.integer(random.chance(0.1) ? 30_000 : 3_000)
          for (const each of sides) each.machine.advance(ms)
          break
        }
        case 9:
          if (random.chance(0.5)) machine.throttle(random.integer(4_000))
          else {
            machine.throttle(Number.POSITIVE_INFINITY)
            machine.drain()
          }
          break
        case 10:
          attempt(() => machine.session.requestInfo(BigInt(step)))
          attempt(() => machine.session.sendInfo({ timeSeconds: 1n, nickname: 'n', info: 'i' }))
          attempt(() =>
            machine.session.sendCall(
              { type: 'callOffer', mimeType: '', sampleRate: 1, channelCount: 1 },
              machine.nowMs,
            ),
          )
          attempt(() => machine.session.sendCall({ type: 'callHang' }, machine.nowMs))
          break
        case 11:
          side.moveData(other, random)
          attempt(() => machine.session.sendContactRequest({ message: 'm', nickname: 'n', info: 'i' }))
          attempt(() => machine.session.requestFile({ guid: 1n, name: 'f', hash: '00'.repeat(32) }))
          attempt(() => machine.session.probe(machine.nowMs))
          if (random.chance(0.03)) machine.session.close()
          if (random.chance(0.03)) machine.session.fail(new PeerError('internal', 'fuzz'))
          break
      }
      for (const each of sides) each.check(each === sides[0] ? sides[1] : sides[0])
    }
  })
})

describe('any bytes give events or a typed error', () => {
  const valid = concat([
    encodeFrame(
      { type: 'hello', version: 1, publicKey: eve.publicKey, receiver: bob.publicKey, clientId: 1 },
      'classic',
    ),
    encodeFrame({ type: 'challengeAnswer', signature: eve.sign(c1) }, 'classic'),
    encodeFrame({ type: 'challenge2', data: new Uint8Array(32).fill(2) }, 'classic'),
    encodeFrame({ type: 'ok', id: 0n }, 'classic'),
    encodeFrame({ type: 'text', ...message(1n, 'some text') }, 'classic'),
    encodeFrame({ type: 'infoRequest', timeSeconds: 5n }, 'classic'),
    encodeFrame({ type: 'ping' }, 'classic'),
  ])

  test.each(Array.from({ length: RUNS }, (_, seed) => seed))('seed %i', async (seed) => {
    const random = createRandom(seed ^ 0x5eed)
    for (let round = 0; round < 20; round++) {
      const bytes = valid.slice()
      for (let flips = random.integer(4); flips > 0; flips--) {
        const at = random.integer(bytes.length)
        bytes[at] = bytes[at]! ^ (1 << random.integer(8))
      }
      const spliced = random.chance(0.3)
        ? concat([bytes.slice(0, random.integer(bytes.length)), bytes.slice(random.integer(bytes.length))])
        : bytes
      const machine = new Machine({ role: 'acceptor', challenge: c1 }).start()
      let at = 0
      while (at < spliced.length) {
        const end = Math.min(spliced.length, at + 1 + random.integer(120))
        machine.receive(spliced.slice(at, end))
        at = end
      }
      machine.session.endOfStream()
      const types = machine.events.map((event) => event.type)
      expect(types.at(-1)).toBe('closed')
      expect(types.filter((type) => type === 'closed')).toHaveLength(1)
      if (types.length > 1) expect(types[0], 'nothing happens before READY').toBe('ready')
      if (types[0] === 'ready') expect(machine.of('ready')[0]!.publicKey).toEqual(eve.publicKey)
      expect(machine.context.issued.size).toBe(0)
    }
  })

  test.each(['classic', 'overlay', 'current'] as const)(
    'noise in every state, for both roles, %s',
    async (generation) => {
      const random = createRandom(99)
      const states = {
        initiator: ['helloSent', 'challengeAnswered', 'challenge2Sent', 'ready'],
        acceptor: ['waitHello', 'challengeSent', 'peerVerified', 'challenge2Answered', 'ready'],
      } as const
      for (const role of ['initiator', 'acceptor'] as const) {
        for (const state of states[role]) {
          for (let round = 0; round < 30; round++) {
            const machine = await machineIn(role, state, { generation })
            const noise = random.bytes(random.integer(100))
            // Mostly a plausible header first, so that the noise gets as far as a body.
            if (noise.length > 16 && random.chance(0.8)) {
              noise.fill(0, 0, 12)
              noise[7] = random.integer(10)
              noise[15] = random.integer(100)
            }
            machine.receive(noise)
            machine.session.endOfStream()
            expect(machine.of('closed')).toHaveLength(1)
          }
        }
      }
    },
  )
})

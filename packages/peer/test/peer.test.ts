import type { ByteStream, StreamTransport } from '@mimirjs/transport'
import { createMemoryNetwork } from '@mimirjs/transport/memory'
import { createClock } from '@mimirjs/transport/testing'
import { encodeFrame } from '@mimirjs/wire/peer'
import { describe, expect, test } from 'vitest'
import { type Connection, type ConnectionHandlers, Peer, type PeerError } from '../src/index.js'
import { alice, bob, eve } from './support/keys.js'
import { message, readFrames } from './support/machine.js'
import { c1 } from './support/vectors.js'
import { NETWORKS, Resident, ROOMY, say, turns } from './support/world.js'

const GENERATIONS = ['classic', 'overlay', 'current'] as const
const memory = (): StreamTransport => createMemoryNetwork().streams

for (const generation of GENERATIONS) {
  for (const network of NETWORKS) {
    describe(`${generation} over ${network.name}`, () => {
      async function pair() {
        const transports = [network.make()]
        const a = new Resident(alice, transports, { generation })
        const b = new Resident(bob, transports, { generation })
        const listener = await b.peer.listen(network.listenAddress)
        const connection = await a.peer.connect(bob.publicKey, [listener.address])
        return { a, b, connection, close: () => Promise.all([a.peer.close(), b.peer.close()]) }
      }

      test('connect, prove, talk both ways, close', async () => {
        const { a, b, connection, close } = await pair()
        expect(connection).toMatchObject({
          role: 'initiator',
          generation,
          closed: false,
          window: 16,
          channelBound: false,
        })
        expect(connection.remotePublicKey).toEqual(bob.publicKey)
        await b.until(() => b.connections.length === 1)
        expect(b.connections[0]).toMatchObject({ role: 'acceptor', remoteClientId: 7 })
        expect(b.connections[0]!.remotePublicKey).toEqual(alice.publicKey)
        for (let guid = 1n; guid <= 16n; guid++) say(connection, guid, `a${guid}`)
        for (let guid = 1n; guid <= 16n; guid++) say(b.connections[0]!, guid, `b${guid}`)
        await Promise.all([a.until(() => a.acknowledged.length === 16), b.until(() => b.acknowledged.length === 16)])
        expect(b.received).toEqual(Array.from({ length: 16 }, (_, at) => `a${at + 1}`))
        expect(a.received).toEqual(Array.from({ length: 16 }, (_, at) => `b${at + 1}`))
        await close()
        expect([a.ended, b.ended]).toEqual([[undefined], [undefined]])
        expect([a.peer.connections(), b.peer.connections()]).toEqual([[], []])
      })

      test('a large message, by as many windows as it takes', async () => {
        const { a, b, connection, close } = await pair()
        const lengths: number[] = []
        b.handlers = () => ({})
        const payload = new Uint8Array(1_000_000).fill(0x61)
        for (let guid = 1n; guid <= 5n; guid++) {
          await a.until(() => connection.window > 0)
          connection.send({ ...message(guid), payload })
          await a.until(() => a.acknowledged.length === Number(guid))
        }
        for (const text of b.received) lengths.push(text.length)
        expect(lengths).toEqual([1e6, 1e6, 1e6, 1e6, 1e6])
        await close()
      })

      test('the other side is gone in the middle of it', async () => {
        const { a, b, connection, close } = await pair()
        await b.until(() => b.connections.length === 1)
        say(connection, 1n, 'x')
        b.connections[0]!.abort()
        await a.until(() => a.ended.length === 1)
        expect(a.ended[0]).toMatchObject({ code: 'transport', blame: 'transport' })
        expect(connection.closed).toBe(true)
        expect(() => say(connection, 2n, 'y')).toThrow(expect.objectContaining({ code: 'closed' }))
        await close()
      })
    })
  }
}

describe('connections', () => {
  test('one per identity: reused, and joined while it is being made', async () => {
    const net = memory()
    const a = new Resident(alice, [net])
    const b = new Resident(bob, [net])
    const { address } = await b.peer.listen('memory://b')
    const all = await Promise.all([1, 2, 3].map(() => a.peer.connect(bob.publicKey, [address])))
    const again = await a.peer.connect(bob.publicKey.slice(), [])
    expect(new Set([...all, again]).size).toBe(1)
    await turns()
    expect(b.connections).toHaveLength(1)
    expect(a.peer.connection(bob.publicKey)).toBe(again)
    expect(a.peer.connection(eve.publicKey)).toBeUndefined()
    await Promise.all([a.peer.close(), b.peer.close()])
  })

  test('several of one identity: send on the newest, read from all, lose only what ends', async () => {
    const net = memory()
    const b = new Resident(bob, [net])
    const { address } = await b.peer.listen('memory://b')
    const devices = [new Resident(alice, [net]), new Resident(alice, [net])]
    const [first, second] = [
      await devices[0]!.peer.connect(bob.publicKey, [address]),
      await devices[1]!.peer.connect(bob.publicKey, [address]),
    ]
    await b.until(() => b.connections.length === 2)
    expect(b.peer.connection(alice.publicKey)).toBe(b.connections[1])
    say(first, 1n, 'from the older')
    say(second, 2n, 'from the newer')
    await b.until(() => b.received.length === 2)
    second.close()
    await b.until(() => b.ended.length === 1)
    expect(b.peer.connection(alice.publicKey)).toBe(b.connections[0])
    say(b.connections[0]!, 1n, 'still there')
    await devices[0]!.until(() => devices[0]!.received.length === 1)
    await Promise.all([b, ...devices].map((one) => one.peer.close()))
  })

  test('too many of one identity: the oldest leaves', async () => {
    const net = memory()
    const b = new Resident(bob, [net], { limits: { ...ROOMY, connectionsPerIdentity: 2 } })
    const { address } = await b.peer.listen('memory://b')
    const devices = Array.from({ length: 3 }, () => new Resident(alice, [net]))
    for (const device of devices) await device.peer.connect(bob.publicKey, [address])
    await b.until(() => b.ended.length === 1)
    expect(b.ended[0]).toMatchObject({ code: 'limit' })
    expect(b.connections[0]!.closed).toBe(true)
    expect(b.peer.connections()).toHaveLength(2)
    await Promise.all([b, ...devices].map((one) => one.peer.close()))
  })

  test('HELLO and a hurried end do not touch the entry of whom they claim (T9)', async () => {
    const net = memory()
    const a = new Resident(alice, [net])
    const b = new Resident(bob, [net])
    const { address } = await b.peer.listen('memory://b')
    await a.peer.connect(bob.publicKey, [address])
    await b.until(() => b.connections.length === 1)
    const intruder = await net.dial(address)
    intruder.start(new Ear())
    intruder.write(helloOf(alice.publicKey, bob.publicKey))
    await turns()
    intruder.end()
    await turns()
    expect(b.peer.connection(alice.publicKey)).toBe(b.connections[0])
    await Promise.all([a.peer.close(), b.peer.close()])
  })

  test('what is reported as the address is what the transport saw (T10)', async () => {
    const net = memory()
    const b = new Resident(bob, [net], { generation: 'overlay' })
    const a = new Resident(alice, [net], { generation: 'overlay' })
    const { address } = await b.peer.listen('memory://b')
    const connection = await a.peer.connect(bob.publicKey, [address])
    expect(connection.remoteAddress).toBe('memory://b')
    await Promise.all([a.peer.close(), b.peer.close()])
  })
})

describe('dialling', () => {
  test('the next address also when the handshake fails', async () => {
    const net = memory()
    const a = new Resident(alice, [net])
    const b = new Resident(bob, [net])
    const e = new Resident(eve, [net])
    await e.peer.listen('memory://eve')
    await b.peer.listen('memory://b')
    const connection = await a.peer.connect(bob.publicKey, ['memory://nobody', 'memory://eve', 'memory://b'])
    expect(connection.remoteAddress).toBe('memory://b')
    expect(e.connections).toEqual([])
    await Promise.all([a, b, e].map((one) => one.peer.close()))
  })

  test('nobody there, somebody else there', async () => {
    const net = memory()
    const a = new Resident(alice, [net])
    const e = new Resident(eve, [net])
    await e.peer.listen('memory://eve')
    const attempt = a.peer.connect(bob.publicKey, ['memory://nobody', 'memory://eve', 'no address'])
    const error = await attempt.catch((cause: PeerError) => cause)
    expect(error).toMatchObject({ name: 'PeerError', code: 'unreachable' })
    expect((error as PeerError).message).toContain('memory://nobody: refused')
    expect((error as PeerError).message).toContain('no address: bad-address')
    expect(((error as PeerError).cause as AggregateError).errors).toHaveLength(3)
    await Promise.all([a, e].map((one) => one.peer.close()))
  })

  test('an impostor who plays along is found out, and told apart', async () => {
    const net = memory()
    const a = new Resident(alice, [net])
    const listener = await net.listen('memory://b', {
      onStream(stream) {
        stream.start(
          new Ear((bytes) => {
            const [frame] = readFrames(bytes)
            if (frame?.type === 'hello') stream.write(encodeFrame({ type: 'challenge', data: c1 }, 'classic'))
            if (frame?.type === 'challengeAnswer') stream.write(encodeFrame({ type: 'ok', id: 0n }, 'classic'))
            if (frame?.type === 'challenge2') {
              const signature = eve.sign(frame.data)
              stream.write(encodeFrame({ type: 'challengeAnswer2', signature }, 'classic'))
            }
          }),
        )
      },
    })
    await expect(a.peer.connect(bob.publicKey, ['memory://b'])).rejects.toMatchObject({ code: 'bad-signature' })
    expect(a.connections).toEqual([])
    await a.peer.close()
    await listener.close()
  })

  test('ourselves, and what is no key', async () => {
    const a = new Resident(alice, [memory()])
    await expect(a.peer.connect(alice.publicKey, ['memory://a'])).rejects.toMatchObject({ code: 'self' })
    await expect(a.peer.connect(new Uint8Array(31), ['memory://a'])).rejects.toThrow(RangeError)
    await a.peer.close()
  })

  test('given up: before, and while nobody answers', async () => {
    const net = memory()
    const a = new Resident(alice, [net])
    const silent: ByteStream[] = []
    const listener = await net.listen('memory://b', {
      onStream(stream) {
        stream.start(new Ear())
        silent.push(stream)
      },
    })
    await expect(a.peer.connect(bob.publicKey, ['memory://b'], { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'aborted',
    })
    const controller = new AbortController()
    const attempt = a.peer.connect(bob.publicKey, ['memory://b'], { signal: controller.signal })
    await turns()
    controller.abort()
    await expect(attempt).rejects.toMatchObject({ code: 'aborted', blame: 'local' })
    const next = expect(a.peer.connect(bob.publicKey, ['memory://b'])).rejects.toMatchObject({ code: 'closed' })
    await turns()
    expect(silent, 'a new dial, not the one given up').toHaveLength(2)
    await a.peer.close()
    await next
    await listener.close()
  })

  test('an address that accepts and never answers: HELLO timer, then the next', async () => {
    const net = memory()
    const clock = createClock()
    const a = new Resident(alice, [net], { clock })
    const b = new Resident(bob, [net], { clock })
    await net.listen('memory://deaf', { onStream: (stream) => stream.start(new Ear()) })
    await b.peer.listen('memory://b')
    const attempt = a.peer.connect(bob.publicKey, ['memory://deaf', 'memory://b'])
    await turns()
    clock.advance(5_050)
    expect((await attempt).remoteAddress).toBe('memory://b')
    const closing = Promise.all([a.peer.close(), b.peer.close()])
    await turns(10)
    await closing
  })
})

describe('policy', () => {
  test('authorize is asked by both sides, with what is known', async () => {
    const net = memory()
    const asked: unknown[] = []
    const ask = (who: string) => (publicKey: Uint8Array, context: object) => {
      asked.push([who, publicKey[0], context])
      return true
    }
    const a = new Resident(alice, [net], { authorize: ask('a') })
    const b = new Resident(bob, [net], { authorize: ask('b') })
    await b.peer.listen('memory://b')
    await a.peer.connect(bob.publicKey, ['memory://b'])
    expect(asked).toEqual([
      ['a', bob.publicKey[0], { direction: 'outbound', remoteAddress: 'memory://b' }],
      ['b', alice.publicKey[0], { direction: 'inbound', remoteAddress: expect.stringContaining('memory://') }],
    ])
    await Promise.all([a.peer.close(), b.peer.close()])
  })

  test('who is not wanted gets no signature and no connection', async () => {
    const net = memory()
    const a = new Resident(alice, [net])
    const b = new Resident(bob, [net], { authorize: () => false })
    await b.peer.listen('memory://b')
    await expect(a.peer.connect(bob.publicKey, ['memory://b'])).rejects.toMatchObject({ code: 'unreachable' })
    expect([a.connections, b.connections]).toEqual([[], []])
    await Promise.all([a.peer.close(), b.peer.close()])
  })

  test('so many signatures per address and minute', async () => {
    const net = memory()
    const clock = createClock()
    const warnings: string[] = []
    const logger = { debug() {}, info() {}, error() {}, warn: (_: object, text: string) => void warnings.push(text) }
    const a = new Resident(alice, [net], { clock })
    const b = new Resident(bob, [net], { clock, logger, limits: { ...ROOMY, signaturesPerMinute: 2 } })
    const e = new Resident(eve, [net], { clock, limits: { ...ROOMY, signaturesPerMinute: 2 } })
    await a.peer.listen('memory://a')
    for (const one of [b, e]) {
      for (let count = 0; count < 2; count++) (await one.peer.connect(alice.publicKey, ['memory://a'])).abort()
      await expect(one.peer.connect(alice.publicKey, ['memory://a'])).rejects.toMatchObject({ code: 'unreachable' })
    }
    expect(warnings).toEqual(['signatures refused: too many in a minute'])
    clock.advance(60_000)
    const closing = (await b.peer.connect(alice.publicKey, ['memory://a'])).closed
    expect(closing).toBe(false)
    const closed = Promise.all([a, b, e].map((one) => one.peer.close()))
    await turns(10)
    await closed
  })

  test('a signature that is of use nowhere else needs no ration', async () => {
    const net = memory()
    const options = { challenges: { bound: true }, limits: { ...ROOMY, signaturesPerMinute: 1 } }
    const [a, b] = [new Resident(alice, [net], options), new Resident(bob, [net], options)]
    await a.peer.listen('memory://a')
    for (let count = 0; count < 5; count++) (await b.peer.connect(alice.publicKey, ['memory://a'])).abort()
    await Promise.all([a.peer.close(), b.peer.close()])
  })

  test('generations and keys that cannot be', () => {
    const options = { signer: alice, transports: new Resident(alice, [memory()]), clientId: 1 }
    const onConnection = (): ConnectionHandlers => ({ message() {}, acknowledged() {}, closed() {} })
    const make = (changed: object) => () => new Peer({ ...options, onConnection, ...changed } as never)
    expect(make({ generation: 'future' })).toThrow(RangeError)
    expect(make({ signer: { publicKey: new Uint8Array(31), sign: () => new Uint8Array(64) } })).toThrow(RangeError)
    expect(make({ clientId: 2 ** 32 })).toThrow(RangeError)
  })
})

describe('signers', () => {
  test('far away', async () => {
    const net = memory()
    const remote = (signer: typeof alice) => ({
      publicKey: signer.publicKey,
      sign: async (bytes: Uint8Array) => {
        await turns(2)
        return signer.sign(bytes)
      },
    })
    const a = new Resident(alice, [net], { signer: remote(alice) })
    const b = new Resident(bob, [net], { signer: remote(bob) })
    await b.peer.listen('memory://b')
    const connection = await a.peer.connect(bob.publicKey, ['memory://b'])
    say(connection, 1n, 'hello')
    await a.until(() => a.acknowledged.length === 1)
    await Promise.all([a.peer.close(), b.peer.close()])
  })

  test.each([
    [
      'throws',
      () => {
        throw new Error('no token')
      },
    ],
    ['rejects', () => Promise.reject(new Error('no token'))],
    ['gives nothing', () => undefined as unknown as Uint8Array],
    ['gives nothing, later', () => Promise.resolve(undefined as unknown as Uint8Array)],
    ['gives too little, later', () => Promise.resolve(new Uint8Array(63))],
  ])('one that %s', async (_, sign) => {
    const net = memory()
    const a = new Resident(alice, [net], { signer: { publicKey: alice.publicKey, sign } })
    const b = new Resident(bob, [net])
    await b.peer.listen('memory://b')
    const error = await a.peer.connect(bob.publicKey, ['memory://b']).catch((cause: PeerError) => cause)
    expect(((error as PeerError).cause as AggregateError).errors).toMatchObject([{ code: 'signer', blame: 'local' }])
    await Promise.all([a.peer.close(), b.peer.close()])
  })
})

describe('an application that fails', () => {
  async function withHandlers(handlers: (connection: Connection) => Partial<ConnectionHandlers>): Promise<Resident> {
    const net = memory()
    const a = new Resident(alice, [net])
    const b = new Resident(bob, [net])
    b.handlers = handlers
    await b.peer.listen('memory://b')
    const connection = await a.peer.connect(bob.publicKey, ['memory://b'])
    if (!connection.closed) say(connection, 1n, 'hello')
    await a.until(() => a.ended.length === 1)
    await turns()
    await Promise.all([a.peer.close(), b.peer.close()])
    return b
  }

  test('a callback that throws', async () => {
    const b = await withHandlers(() => ({
      message() {
        throw new Error('bug')
      },
    }))
    expect(b.ended).toMatchObject([{ code: 'handler', blame: 'local', cause: { message: 'bug' } }])
  })

  test('an async callback that rejects', async () => {
    const b = await withHandlers(() => ({
      async message() {
        await turns()
        throw new Error('bug')
      },
    }))
    expect(b.ended).toMatchObject([{ code: 'handler' }])
  })

  test.each([
    [
      'authorize',
      {
        authorize: () => {
          throw new Error('bug')
        },
      },
    ],
    [
      'challenges.refuse',
      {
        challenges: {
          refuse: () => {
            throw new Error('bug')
          },
        },
      },
    ],
    [
      'challenges.requireBound',
      {
        challenges: {
          requireBound: () => {
            throw new Error('bug')
          },
        },
      },
    ],
  ])('%s that throws', async (_, options) => {
    const net = memory()
    const a = new Resident(alice, [net], options)
    const b = new Resident(bob, [net])
    await b.peer.listen('memory://b')
    const error = await a.peer.connect(bob.publicKey, ['memory://b']).catch((cause: PeerError) => cause)
    expect((error as PeerError).cause).toMatchObject({ errors: [{ code: 'handler', cause: { message: 'bug' } }] })
    await Promise.all([a.peer.close(), b.peer.close()])
  })

  test('onConnection that throws', async () => {
    const b = await withHandlers(() => {
      throw new Error('bug')
    })
    expect(b.ended, 'there was nobody to tell').toEqual([])
    expect(b.peer.connections()).toEqual([])
  })

  test('closed that throws', async () => {
    const b = await withHandlers((connection) => ({
      message: () => connection.abort(),
      closed() {
        throw new Error('bug')
      },
    }))
    expect(b.peer.connections()).toEqual([])
  })
})

describe('closing', () => {
  test('waits for what is unacknowledged', async () => {
    const net = memory()
    const a = new Resident(alice, [net])
    const b = new Resident(bob, [net])
    let late: () => void = () => {}
    b.handlers = (connection) => ({
      message({ guid }) {
        late = () => connection.acknowledge(guid)
        b.changed()
      },
    })
    await b.peer.listen('memory://b')
    const connection = await a.peer.connect(bob.publicKey, ['memory://b'])
    say(connection, 1n, 'hello')
    await turns(5)
    let done = false
    const closing = a.peer.close().then(() => {
      done = true
    })
    await turns(5)
    expect(done).toBe(false)
    late()
    await closing
    expect(a.acknowledged).toEqual([1n])
    await b.peer.close()
    await expect(a.peer.connect(bob.publicKey, ['memory://b'])).rejects.toMatchObject({ code: 'closed' })
    await expect(a.peer.listen('memory://a')).rejects.toMatchObject({ code: 'closed' })
    expect(a.peer.close()).toBe(a.peer.close())
  })

  test('but not for ever', async () => {
    const net = memory()
    const clock = createClock()
    const a = new Resident(alice, [net], { clock })
    const b = new Resident(bob, [net], { clock })
    b.handlers = () => ({ message() {} })
    await b.peer.listen('memory://b')
    say(await a.peer.connect(bob.publicKey, ['memory://b']), 1n, 'hello')
    const closing = a.peer.close({ timeoutMs: 300 })
    await turns(5)
    clock.advance(299)
    await turns(5)
    expect(a.ended).toEqual([])
    clock.advance(1)
    await closing
    expect(a.peer.connections()).toEqual([])
    expect(clock.nextDueMs === undefined || b.peer.connections().length > 0).toBe(true)
    await b.peer.close()
    expect(clock.nextDueMs, 'no timer is left').toBeUndefined()
  })

  test('an idle connection ends by itself, a lingering one is cut', async () => {
    const net = memory()
    const clock = createClock()
    const a = new Resident(alice, [net], { clock })
    const b = new Resident(bob, [net], { clock, timers: { idleMs: 1e9 } })
    await b.peer.listen('memory://b')
    await a.peer.connect(bob.publicKey, ['memory://b'])
    await b.until(() => b.connections.length === 1)
    clock.advance(119_900)
    await turns()
    expect(a.ended).toEqual([])
    clock.advance(200)
    await Promise.all([a.until(() => a.ended.length === 1), b.until(() => b.ended.length === 1)])
    expect([a.ended, b.ended]).toEqual([[undefined], [undefined]])

    const stubborn = new Ear()
    await net.listen('memory://c', {
      onStream(stream) {
        stream.start(stubborn)
        void answerAs(stream, stubborn)
      },
    })
    const connection = await a.peer.connect(eve.publicKey, ['memory://c'])
    connection.close()
    await turns(5)
    expect([stubborn.ended, stubborn.isClosed]).toEqual([true, false])
    clock.advance(5_050)
    await turns(5)
    expect(stubborn.isClosed).toBe(true)
    await Promise.all([a.peer.close(), b.peer.close()])
  })

  test('a listener that is closed takes nobody, and keeps whom it has', async () => {
    const net = memory()
    const a = new Resident(alice, [net])
    const b = new Resident(bob, [net])
    const listener = await b.peer.listen('memory://b')
    const connection = await a.peer.connect(bob.publicKey, ['memory://b'])
    await listener.close()
    say(connection, 1n, 'hello')
    await a.until(() => a.acknowledged.length === 1)
    const e = new Resident(eve, [net])
    await expect(e.peer.connect(bob.publicKey, ['memory://b'])).rejects.toMatchObject({ code: 'unreachable' })
    await Promise.all([a, b, e].map((one) => one.peer.close()))
  })
})

/** A reader that keeps nothing but what it is told to. */
class Ear {
  ended = false
  isClosed = false
  onData: (bytes: Uint8Array) => void

  constructor(onData: (bytes: Uint8Array) => void = () => {}) {
    this.onData = onData
  }

  data(bytes: Uint8Array): void {
    this.onData(bytes.slice())
  }

  end(): void {
    this.ended = true
  }

  drain(): void {}

  closed(): void {
    this.isClosed = true
  }
}

const helloOf = (publicKey: Uint8Array, receiver: Uint8Array): Uint8Array =>
  encodeFrame({ type: 'hello', version: 1, publicKey, receiver, clientId: 1 }, 'classic')

/** Eve's half of the handshake as an acceptor, by hand. */
function answerAs(stream: ByteStream, ear: Ear): void {
  ear.onData = (bytes) => {
    for (const frame of readFrames(bytes)) {
      if (frame.type === 'hello') stream.write(encodeFrame({ type: 'challenge', data: c1 }, 'classic'))
      if (frame.type === 'challengeAnswer') stream.write(encodeFrame({ type: 'ok', id: 0n }, 'classic'))
      if (frame.type === 'challenge2') {
        stream.write(encodeFrame({ type: 'challengeAnswer2', signature: eve.sign(frame.data) }, 'classic'))
      }
    }
  }
}

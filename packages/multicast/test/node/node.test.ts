import { createClock } from '@mimirjs/transport/testing'
import { toHex } from '@mimirjs/wire'
import { expect, onTestFinished, test, vi } from 'vitest'
import { MulticastNode, type MulticastSession } from '../../src/index.js'
import { createMulticastMemory } from '../../src/testing/index.js'
import { bytes, failure, openNode, pair, signer, text } from './support.js'

test('two nodes that know an address open a session, and a request is answered', async () => {
  const { memory, a, b } = await pair()
  const sessions: MulticastSession[] = []
  b.on('session', (session) => sessions.push(session))
  b.answer((payload, session) => {
    expect(session).toBe(sessions[0])
    return bytes(`${text(payload)}, they say`)
  })
  const session = await a.connect(b.address)
  expect(session).toMatchObject({ role: 'initiator', state: 'open', address: b.address, sent: 0, received: 0 })
  expect(session.peer).toEqual(b.publicKey)
  expect(session.id).toHaveLength(16)
  expect(text(await session.request(bytes('hello')))).toBe('hello, they say')
  expect(session).toMatchObject({ state: 'confirmed', sent: 1, received: 1 })
  expect(sessions).toHaveLength(1)
  expect(sessions[0]).toMatchObject({ role: 'responder', state: 'confirmed', address: a.address, sent: 1, received: 1 })
  expect(sessions[0]?.id).toEqual(session.id)
  expect(b.sessions).toEqual(sessions)
  expect(a.sessions).toEqual([session])
  expect(b.counters).toMatchObject({ register: 1, respond: 1, deliver: 1, sessions: 1, peers: 1, unread: 0 })
  // Five packets, as multicast protocol §1 has them.
  expect(memory.sent).toBe(5)
})

test('answers may take their time, and requests wait for each other', async () => {
  const { a, b } = await pair({ initiator: { limits: { requestRepeats: 0 } }, responder: {} })
  b.answer(async (payload) => {
    await Promise.resolve()
    return payload.length === 0 ? undefined : payload
  })
  const session = await a.connect(b.address)
  const answers = await Promise.all(['one', 'two', 'three'].map((shown) => session.request(bytes(shown))))
  expect(answers.map(text)).toEqual(['one', 'two', 'three'])
  // No answer is one too.
  expect((await failure(session.request(new Uint8Array(0)))).code).toBe('no-answer')
})

test('what comes unasked on a session that we opened is not answered: it may be the answer to a copy of a request', async () => {
  const { memory, a, b } = await pair()
  const [answerOfA, answerOfB] = [vi.fn(() => bytes('endless')), vi.fn(() => bytes('first answer'))]
  a.answer(answerOfA)
  b.answer(answerOfB)
  b.on('session', ({ datagrams }) => datagrams.send(bytes('unasked'), datagrams.peer(a.address)))
  const session = await a.connect(b.address)
  // The node cannot tell them apart: the first one that comes is the answer.
  expect(text(await session.request(bytes('hello')))).toBe('unasked')
  await vi.waitFor(() => expect(a.counters).toMatchObject({ deliver: 2, unread: 1 }))
  expect(answerOfA).not.toHaveBeenCalled()
  expect(answerOfB).toHaveBeenCalledTimes(1)
  // Declaration, initiation, its response, request, and what b sent.
  expect(memory.sent).toBe(6)
})

test('an unknown key is told of and let in by addPeer', async () => {
  const { a, b } = await pair({ initiator: {}, responder: { policy: 'known' } })
  b.answer((payload) => payload)
  const told = vi.fn<(event: { publicKey: Uint8Array; address: string }) => void>()
  b.on('peer', (event) => {
    told(event)
    b.addPeer(event.address)
  })
  const session = await a.connect(b.address)
  expect(text(await session.request(bytes('in')))).toBe('in')
  expect(told).toHaveBeenCalledTimes(1)
  expect(told.mock.calls[0]?.[0]).toEqual({ publicKey: a.publicKey, address: a.address })
})

test.each([
  ['known', 'no-response', 3],
  [() => 'ignore', 'no-response', 0],
] as const)('a key that nobody lets in gets no answer: policy %s', async (policy, code, told) => {
  const { memory, a, b } = await pair({ initiator: { attempts: 3, unitMs: 1 }, responder: { policy } })
  const peers = vi.fn()
  b.on('peer', peers)
  expect((await failure(a.connect(b.address))).code).toBe(code)
  await vi.waitFor(() => expect(b.counters).toMatchObject({ sessions: 0, 'drop:policy': 3, 'drop:unknown-peer': 3 }))
  expect(peers).toHaveBeenCalledTimes(told)
  expect(memory.sent).toBe(6)
})

test('removePeer takes it back', async () => {
  const { a, b } = await pair({ initiator: {}, responder: { policy: 'known' } })
  b.addPeer(a.address)
  ;(await a.connect(b.address)).close()
  expect(b.counters).toMatchObject({ 'drop:policy': 0, respond: 1 })
  b.removePeer(a.publicKey)
  const controller = new AbortController()
  const refused = failure(a.connect(b.address, { signal: controller.signal }))
  await expect.poll(() => b.counters['drop:policy']).toBe(1)
  controller.abort()
  expect((await refused).code).toBe('aborted')
  expect(b.counters.respond).toBe(1)
})

test('messages that nobody answers go both ways by the datagram socket of a session', async () => {
  const { a, b } = await pair()
  const got: string[] = []
  const answered = vi.fn(() => undefined)
  b.answer(answered)
  b.on('session', (session) => {
    const { datagrams } = session
    datagrams.start({
      message: (payload, from) => {
        got.push(`b: ${text(payload)}`)
        datagrams.send(bytes('echo'), from)
      },
      closed: (error) => got.push(`b closed ${error?.code}`),
    })
  })
  const session = await a.connect(b.address)
  const { datagrams } = session
  expect(datagrams).toBe(session.datagrams)
  expect(datagrams).toMatchObject({ localAddress: a.address, maxDatagramBytes: 1187 })
  const handlers = {
    message: (payload: Uint8Array, from: { address: string }) => got.push(`a: ${text(payload)} from ${from.address}`),
    closed: (error?: Error) => got.push(`a closed ${error?.message}`),
  }
  datagrams.start(handlers)
  expect(() => datagrams.start(handlers)).toThrow(expect.objectContaining({ code: 'misuse' }))
  const peer = datagrams.peer(b.address)
  expect(() => datagrams.peer(a.address)).toThrow(expect.objectContaining({ code: 'bad-address' }))
  expect(() => datagrams.send(bytes('x'), { address: 'nonsense' })).toThrow(
    expect.objectContaining({ code: 'bad-address' }),
  )
  expect(() => datagrams.send(new Uint8Array(1188), peer)).toThrow(expect.objectContaining({ code: 'too-large' }))
  datagrams.send(bytes('one'), peer)
  await expect.poll(() => got).toEqual(['b: one', `a: echo from ${b.address}`])
  expect(answered).not.toHaveBeenCalled()
  await Promise.all([datagrams.close(), datagrams.close()])
  expect(session.state).toBe('closed')
  expect(got.at(-1)).toBe('a closed undefined')
  datagrams.send(bytes('late'), peer)
  await b.close()
  expect(got.slice(2)).toEqual(['a closed undefined', 'b closed undefined'])
})

test('a message that nobody takes is counted', async () => {
  const { a, b } = await pair()
  const session = await a.connect(b.address)
  session.datagrams.send(bytes('anybody?'), session.datagrams.peer(b.address))
  await expect.poll(() => b.counters.unread).toBe(1)
})

test('what a handler or listener throws is told, and stops nothing', async () => {
  const logger = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() }
  const { a, b } = await pair({ initiator: {}, responder: { logger } })
  const errors: unknown[] = []
  b.on('session', () => {
    throw new Error('listener')
  })
  let times = 0
  const stop = b.answer((payload) => {
    times++
    if (times === 1) throw new Error('handler')
    if (times === 2) return Promise.reject(new Error('promise'))
    return times === 3 ? new Uint8Array(1456) : payload
  })
  expect(() => b.answer(() => undefined)).toThrow(expect.objectContaining({ code: 'misuse' }))
  b.on('error', ({ error }) => {
    errors.push((error as Error).message)
    throw new Error('listener of errors')
  })
  const session = await a.connect(b.address)
  for (const shown of ['one', 'two', 'three']) {
    session.datagrams.send(bytes(shown), session.datagrams.peer(b.address))
    const heard = shown === 'one' ? 1 : shown === 'two' ? 2 : 3
    await expect.poll(() => errors.length).toBe(heard + 1)
  }
  expect(errors.slice(0, 3)).toEqual(['listener', 'handler', 'promise'])
  expect(text(await session.request(bytes('four')))).toBe('four')
  expect(logger.error).toHaveBeenCalledTimes(4)
  stop()
  b.answer(() => bytes('another'))
  expect(text(await session.request(bytes('five')))).toBe('another')
})

test('a signer that is far away signs later, and one that refuses is told of', async () => {
  const memory = createMulticastMemory()
  const near = signer(1)
  const far = { publicKey: near.publicKey, sign: async (message: Uint8Array) => near.sign(message) }
  const a = await openNode(memory, 1, { signer: far })
  const b = await openNode(memory, 2, { policy: 'anybody' })
  b.answer((payload) => payload)
  const session = await a.connect(b.address)
  expect(text(await session.request(bytes('signed')))).toBe('signed')
  for (const sign of [() => Promise.reject(new Error('locked')), thrower]) {
    const c = await openNode(memory, 3, { signer: { publicKey: signer(3).publicKey, sign } })
    const errors: unknown[] = []
    c.on('error', ({ error }) => errors.push((error as Error).message))
    expect((await failure(c.connect(b.address))).message).toContain('signer')
    expect(new Set(errors)).toEqual(new Set(['locked']))
    await c.close()
  }
  function thrower(): never {
    throw new Error('locked')
  }
})

test('nobody there is an error in time, and an opening can be aborted', async () => {
  const memory = createMulticastMemory()
  const a = await openNode(memory, 1, { attempts: 2, unitMs: 1 })
  const absent = `mp2p://${toHex(signer(9).publicKey)}@224.0.224.1:1024`
  const silent = await failure(a.connect(absent))
  expect(silent.code).toBe('no-response')
  expect(memory.sent).toBe(4)
  const controller = new AbortController()
  const slow = await openNode(memory, 4, { unitMs: 60_000 })
  const opening = failure(slow.connect(absent, { signal: controller.signal }))
  await expect.poll(() => memory.sent).toBe(6)
  controller.abort(new Error('enough'))
  expect(await opening).toMatchObject({ code: 'aborted', cause: expect.objectContaining({ message: 'enough' }) })
  expect(slow.counters.sessions).toBe(0)
  expect((await failure(slow.connect(absent, { signal: controller.signal }))).code).toBe('aborted')
})

test('a request can be aborted; its late answer is not taken for that of the next', async () => {
  const { a, b } = await pair({ initiator: { unitMs: 1000 }, responder: {} })
  const release: (() => void)[] = []
  b.answer((payload) => new Promise((resolve) => release.push(() => resolve(payload))))
  const session = await a.connect(b.address)
  const controller = new AbortController()
  const first = failure(session.request(bytes('first'), { signal: controller.signal }))
  const second = session.request(bytes('second'))
  await expect.poll(() => release.length).toBe(1)
  controller.abort()
  expect((await first).code).toBe('aborted')
  expect((await failure(session.request(bytes('x'), { signal: controller.signal }))).code).toBe('aborted')
  release[0]?.()
  await expect.poll(() => release.length).toBe(2)
  release[1]?.()
  expect(text(await second)).toBe('second')
})

test('what is too large, closed or too much is refused', async () => {
  const { a, b } = await pair({ initiator: { limits: { payloadBytes: 100, queuedRequests: 1 } }, responder: {} })
  const session = await a.connect(b.address)
  expect((await failure(session.request(new Uint8Array(101)))).code).toBe('too-large')
  const open = [session.request(bytes('1')), session.request(bytes('2'))].map(failure)
  expect((await failure(session.request(bytes('3')))).code).toBe('limit')
  session.close()
  session.close()
  expect((await Promise.all(open)).map(({ code }) => code)).toEqual(['closed', 'closed'])
  expect(await session.closed).toBeUndefined()
  expect((await failure(session.request(bytes('4')))).code).toBe('closed')
  expect(session.state).toBe('closed')
  expect(session.address).toBe(b.address)
  expect(a.sessions).toEqual([])
})

test('a further group is another way in', async () => {
  const { memory, a, b } = await pair()
  b.answer((payload) => payload)
  await b.join('224.0.225.9')
  const other = b.address.replace(/@.*:/, '@224.0.225.9:')
  const session = await a.connect(other)
  expect(text(await session.request(bytes('by the side door')))).toBe('by the side door')
  await b.leave('224.0.225.9')
  const c = await openNode(memory, 3, { attempts: 1, unitMs: 1 })
  expect((await failure(c.connect(other))).code).toBe('no-response')
  expect((await failure(b.join('192.0.2.1'))).code).toBe('bad-address')
  expect((await failure(b.join('ff1e::1'))).code).toBe('bad-address')
})

test('closing ends everything, in any state', async () => {
  const { memory, a, b } = await pair({ initiator: { unitMs: 60_000 }, responder: {} })
  const session = await a.connect(b.address)
  const asked = failure(session.request(bytes('?')))
  const opening = failure(a.connect(b.address.replace(/@.*:/, '@224.0.225.1:')))
  const waiting = await openNode(memory, 3, { joinDelayMs: 60_000 })
  const connecting = failure(waiting.connect(b.address))
  await Promise.all([a.close(), a.close(), waiting.close()])
  expect((await asked).code).toBe('closed')
  expect((await opening).code).toBe('closed')
  expect((await connecting).code).toBe('closed')
  expect(await session.closed).toBeUndefined()
  expect(memory.sockets).toBe(1)
  expect((await failure(a.connect(b.address))).code).toBe('closed')
  expect((await failure(a.join('224.0.225.1'))).code).toBe('closed')
  expect(() => a.addPeer(b.address)).toThrow(expect.objectContaining({ code: 'closed' }))
  expect(a.sessions).toEqual([])
  expect(a.counters.sessions).toBe(0)
})

test('a socket that breaks ends the node, and says why', async () => {
  const memory = createMulticastMemory()
  const b = await openNode(memory, 2, { policy: 'anybody' })
  const network = memory.network()
  let fail: (error: Error) => void = () => {}
  const a = await openNode(memory, 1, {
    network: {
      prefixInterface: network.prefixInterface,
      open: async (options) => {
        const socket = await network.open(options)
        const start = socket.start.bind(socket)
        socket.start = (handlers) => {
          fail = (error) => handlers.closed(error as never)
          start(handlers)
        }
        return socket
      },
    },
  })
  const errors: unknown[] = []
  a.on('error', ({ error }) => errors.push(error))
  const session = await a.connect(b.address)
  const opening = failure(a.connect(b.address.replace(/@.*:/, '@224.0.225.1:')))
  const closed: unknown[] = []
  session.datagrams.start({ message: () => {}, closed: (error) => closed.push(error?.code) })
  await expect.poll(() => a.counters.sessions).toBe(2)
  fail(new Error('the cable'))
  expect(await session.closed).toMatchObject({ code: 'socket' })
  expect((await opening).code).toBe('socket')
  expect(errors).toEqual([expect.objectContaining({ code: 'socket', message: expect.stringContaining('the cable') })])
  expect(closed).toEqual(['io'])
  const late = await failure(a.connect(b.address))
  expect(late).toMatchObject({ code: 'closed', cause: errors[0] })
})

test('the original mode takes everybody who declares itself', async () => {
  const { a, b } = await pair({ initiator: {}, responder: { mode: 'original', policy: undefined } })
  b.answer((payload) => payload)
  expect(text(await (await a.connect(b.address)).request(bytes('me')))).toBe('me')
})

test('await using closes a node', async () => {
  const memory = createMulticastMemory()
  const node = await MulticastNode.open({ signer: signer(1), network: memory.network() })
  expect(node.address).toMatch(/^mp2p:\/\/[0-9a-f]{64}@\[ff1e:.*\]:1024$/)
  expect(node.interfaceName).toBe('memory')
  await node[Symbol.asyncDispose]()
  expect(memory.sockets).toBe(0)
})

test('a listener is taken off again', async () => {
  const { a, b } = await pair()
  const heard = vi.fn()
  const off = b.on('session', heard)
  b.on('session', heard)
  b.off('session', heard)
  off()
  b.answer((payload) => payload)
  await (await a.connect(b.address)).request(bytes('x'))
  expect(heard).not.toHaveBeenCalled()
  onTestFinished(() => a.close())
})

test.each(['abort', 'close'] as const)('what is given up in the moment it opens is not handed out: %s', async (how) => {
  const clock = createClock(1_000_000)
  const memory = createMulticastMemory({ clock })
  const a = await openNode(memory, 1, { clock })
  const b = await openNode(memory, 2, { clock, policy: 'anybody' })
  const controller = new AbortController()
  const connecting = failure(a.connect(b.address, { signal: controller.signal }))
  await Promise.resolve()
  for (let turn = 0; a.counters.open === 0 && turn < 10; turn++) clock.advance(0)
  expect(a.counters.open).toBe(1)
  if (how === 'abort') controller.abort()
  else void a.close()
  expect((await connecting).code).toBe(how === 'abort' ? 'aborted' : 'closed')
  expect(a.sessions).toEqual([])
  expect(a.counters.sessions).toBe(0)
})

test('what a reader of datagrams throws when it is told of the end is told, and stops nothing', async () => {
  const { memory, a, b } = await pair()
  const errors: unknown[] = []
  a.on('error', ({ error }) => errors.push(error))
  const ends: Promise<unknown>[] = []
  for (let count = 0; count < 2; count++) {
    const session = await a.connect(b.address)
    ends.push(session.closed)
    session.datagrams.start({
      message: () => {},
      closed: () => {
        throw new Error('not now')
      },
    })
  }
  await a.close()
  expect(await Promise.all(ends)).toEqual([undefined, undefined])
  expect(errors).toEqual([new Error('not now'), new Error('not now')])
  expect(memory.sockets).toBe(1)
})

test('requests that are refused leave nothing at the signal', async () => {
  const { a, b } = await pair()
  const session = await a.connect(b.address)
  session.close()
  const { signal } = new AbortController()
  let listeners = 0
  const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)]
  signal.addEventListener = (...rest: Parameters<typeof add>) => {
    listeners++
    add(...rest)
  }
  signal.removeEventListener = (...rest: Parameters<typeof remove>) => {
    listeners--
    remove(...rest)
  }
  expect((await failure(session.request(bytes('x'), { signal }))).code).toBe('closed')
  expect(listeners).toBe(0)
})

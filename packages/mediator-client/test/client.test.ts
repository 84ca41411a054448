import { createSigner } from '@mimirjs/crypto'
import { TransportError, Transports } from '@mimirjs/transport'
import { createMemoryNetwork } from '@mimirjs/transport/memory'
import { createClock } from '@mimirjs/transport/testing'
import { MEDIATOR_DIALECTS, type MediatorCommandName } from '@mimirjs/wire/mediator'
import { describe, expect, test } from 'vitest'
import { MediatorClient } from '../src/client.js'
import type { MediatorState } from '../src/types.js'
import { bench, NOW_MS, settle, testSigner, until } from './support/bench.js'
import { key } from './support/messages.js'

const name = (state: MediatorState | undefined): string | undefined => state?.state

describe.each(MEDIATOR_DIALECTS)('a client of a mediator of the dialect %s', (dialect) => {
  test('logs in, and every command has its answer', async () => {
    const { client, mediator, states } = await bench(dialect)
    expect(client.state).toEqual({ state: 'idle' })
    const before = client.getUserChats()
    client.start()
    await client.ready()
    expect(states).toEqual([{ state: 'connecting', failures: 0 }, { state: 'up' }])
    expect(await before).toEqual([7n])
    expect(mediator.asked.slice(0, 2)).toEqual(['getNonce', 'auth'])
    mediator.asked.length = 0

    mediator.members = [
      { publicKey: key(3), permissions: 0x90, online: true, lastSeenSeconds: dialect === 'binary' ? 0n : 9n },
    ]
    mediator.infos = [{ publicKey: key(3), info: key(4), timestampSeconds: 8n }]
    await client.ping()
    expect(await client.createChat({ name: 'n', description: 'd', avatar: key(1) })).toBe(7n)
    await client.addUser(7n, key(3))
    await client.deleteUser(7n, key(3))
    await client.leaveChat(7n)
    expect(await client.subscribe(7n)).toBe(0n)
    const blob = new TextEncoder().encode('x')
    const sent = { chatId: 7n, guid: 4n, timestampSeconds: 1_700_000_000n, blob }
    expect(await client.sendMessage(sent)).toEqual({ messageId: 1n, guid: 4n })
    expect(await client.sendMessage(sent)).toEqual({ messageId: 1n, guid: 4n })
    expect(await client.getLastMessageId(7n)).toBe(1n)
    expect(await client.getMessagesSince({ chatId: 7n, sinceId: 0n, limit: 10 })).toEqual([
      {
        messageId: 1n,
        guid: 4n,
        author: key(1),
        blob,
        isSystem: false,
        system: undefined,
        timestampSeconds: dialect === 'binary' ? undefined : 1_700_000_000n,
      },
    ])
    await client.deleteMessage({ chatId: 7n, messageId: 1n, guid: 4n })
    await client.sendInvite({ chatId: 7n, toPublicKey: key(3), data: new Uint8Array(92) })
    await client.respondToInvite(3n, true)
    await client.updateMemberInfo({ chatId: 7n, timestampSeconds: 5n, info: key(6) })
    expect(await client.getMembers(7n)).toEqual(mediator.members)
    expect(await client.getMembersInfo(7n)).toEqual(mediator.infos)
    await client.deleteChat(7n)
    const asked: MediatorCommandName[] = [
      ...([
        'ping',
        'getNonce',
        'createChat',
        'addUser',
        'deleteUser',
        'leaveChat',
        'subscribe',
        'sendMessage',
      ] as const),
      ...(['sendMessage', 'getLastMessageId', 'getMessagesSince', 'deleteMessage', 'sendInvite'] as const),
      ...(['inviteResponse', 'updateMemberInfo', 'getMembers', 'getMembersInfo', 'deleteChat'] as const),
    ]
    expect(mediator.asked).toEqual(asked)
    mediator.asked.length = 0
    const extra = [
      () => client.updateChatInfo({ chatId: 7n, name: 'other' }),
      () => client.changeMemberStatus(7n, key(3), 0x40),
    ]
    for (const call of extra) {
      if (dialect === 'binary') await expect(call()).rejects.toMatchObject({ code: 'unsupported' })
      else await call()
    }
    expect(mediator.asked.length).toBe(dialect === 'binary' ? 0 : 2)
  })

  test('tells what is pushed', async () => {
    const { client, mediator } = await bench(dialect)
    const heard: unknown[] = []
    client.on('invite', ({ inviteId, name: chat }) => heard.push([inviteId, chat]))
    client.on('message', ({ chatId, message }) => heard.push([chatId, message.messageId, message.isSystem]))
    client.on('memberInfo', ({ chatId, members }) => heard.push([chatId, members.length]))
    client.on('infoRequested', ({ chatId, lastUpdateSeconds }) => heard.push([chatId, lastUpdateSeconds]))
    client.start()
    await client.ready()
    await client.subscribe(7n)
    const [connection] = mediator.connections
    const from = key(2)
    const invite = { inviteId: 1n, chatId: 7n, from, timestampSeconds: 3n, name: 'n', description: '', data: key(9) }
    connection!.push('gotInvite', invite)
    mediator.add()
    mediator.addSystem({ event: 'userLeft', user: key(3), random: key(4) })
    connection!.push('gotMemberInfo', {
      chatId: 7n,
      members: [{ publicKey: key(3), info: key(4), timestampSeconds: 5n }],
    })
    connection!.push('requestMemberInfo', { chatId: 7n, lastUpdateSeconds: 6n })
    await until(() => heard.length === 5)
    const infoOf = dialect === 'binary' ? undefined : 7n
    expect(heard).toEqual([
      [1n, 'n'],
      [7n, 1n, false],
      [7n, 2n, true],
      [infoOf, 1],
      [7n, 6n],
    ])
  })
})

describe('calls', () => {
  test('wait for a connection, except of a message', async () => {
    const { client, clock } = await bench()
    const message = { chatId: 7n, guid: 1n, blob: key(1) }
    await expect(client.sendMessage(message)).rejects.toMatchObject({ code: 'not-connected' })
    const late = expect(client.ping()).rejects.toMatchObject({ code: 'not-connected' })
    const patient = client.ping({ timeoutMs: 20_000 })
    await settle()
    clock.advance(15_000)
    await late
    client.start()
    await patient
    await client.sendMessage(message)
  })

  test('so many wait, and no more', async () => {
    const { client } = await bench('tlv-push', { limits: { waitingCalls: 2 } })
    const waiting = [client.ping(), client.ping()].map((call) => expect(call).rejects.toMatchObject({ code: 'closed' }))
    await expect(client.ping()).rejects.toMatchObject({ code: 'busy' })
    await client.close()
    await Promise.all(waiting)
  })

  test('are given up by their signal, waiting or asked', async () => {
    const { client, mediator } = await bench()
    const first = new AbortController()
    const waiting = client.ping({ signal: first.signal })
    first.abort(new Error('enough'))
    await expect(waiting).rejects.toMatchObject({ code: 'aborted', cause: { message: 'enough' } })
    await expect(client.ping({ signal: first.signal })).rejects.toMatchObject({ code: 'aborted' })
    client.start()
    await client.ready()
    mediator.handlers.ping = () => undefined
    const second = new AbortController()
    const asked = client.ping({ signal: second.signal })
    await until(() => mediator.asked.includes('ping'))
    second.abort()
    await expect(asked).rejects.toMatchObject({ code: 'aborted' })
  })

  test('fail with their connection, and say that they may have been done', async () => {
    const { client, mediator } = await bench()
    client.start()
    await client.ready()
    mediator.handlers.ping = () => undefined
    const asked = client.ping()
    await until(() => mediator.asked.includes('ping'))
    mediator.cut()
    await expect(asked).rejects.toMatchObject({ code: 'not-connected', isTransient: true })
  })

  test('an answer that does not come is a timeout', async () => {
    const { client, mediator, clock } = await bench()
    client.start()
    await client.ready()
    mediator.handlers.getMembers = () => undefined
    const asked = expect(client.getMembers(7n, { timeoutMs: 500 })).rejects.toMatchObject({
      code: 'timeout',
      blame: 'timeout',
    })
    await until(() => mediator.asked.includes('getMembers'))
    clock.advance(500)
    await asked
    expect(name(client.state)).toBe('up')
  })
})

describe('the connection', () => {
  test('comes again after 2, 4, 8 … seconds, and the pauses begin anew after a login', async () => {
    const { client, mediator, clock, states } = await bench()
    client.start()
    await client.ready()
    mediator.handlers.auth = () => 'db error'
    mediator.cut()
    for (const [failures, pauseMs] of [
      [1, 2000],
      [2, 4000],
      [3, 8000],
    ] as const) {
      await until(() => name(states.at(-1)) === 'waiting')
      const state = states.at(-1)
      expect(state).toMatchObject({ state: 'waiting', failures })
      const inMs = (state?.state === 'waiting' ? state.retryAtMs : 0) - clock.nowMs()
      expect(Math.abs(inMs - pauseMs)).toBeLessThan(10)
      clock.advance(inMs)
    }
    await until(() => name(states.at(-1)) === 'waiting')
    mediator.handlers = {}
    clock.advance(20_000)
    await client.ready()
    mediator.cut()
    await until(() => name(states.at(-1)) === 'waiting')
    expect(states.at(-1)).toMatchObject({ failures: 1 })
  })

  test('retryNow does not wait, and asks a live one for a sign of life', async () => {
    const { client, mediator, states } = await bench()
    client.start()
    await client.ready()
    client.retryNow()
    await until(() => mediator.asked.includes('ping'))
    mediator.cut()
    await until(() => name(states.at(-1)) === 'waiting')
    client.retryNow()
    await client.ready()
    expect(mediator.accepted).toBe(2)
  })

  test('a failed sign of life is the end of it', async () => {
    const { client, mediator, clock, states } = await bench()
    client.start()
    await client.ready()
    mediator.handlers.ping = () => undefined
    clock.advance(50_000)
    await until(() => mediator.asked.includes('ping'))
    clock.advance(15_000)
    await until(() => name(states.at(-1)) === 'waiting')
    expect(states.at(-1)).toMatchObject({ reason: { code: 'timeout' } })
  })

  test('a refused login for a reason that stays is final, until start', async () => {
    const { client, mediator } = await bench()
    mediator.handlers.auth = () => 'invalid signature'
    client.start()
    await expect(client.ready()).rejects.toMatchObject({ code: 'auth' })
    expect(client.state).toMatchObject({ state: 'stopped', reason: { code: 'auth', remoteText: 'invalid signature' } })
    await expect(client.ping()).rejects.toMatchObject({ code: 'auth' })
    mediator.handlers = {}
    client.start()
    await client.ping()
  })

  test('a network that proves another key is left at once', async () => {
    const { streams } = createMemoryNetwork()
    const listener = await streams.listen('memory://m', {
      onStream: (stream) => stream.start({ data() {}, end() {}, drain() {}, closed() {} }),
    })
    const client = new MediatorClient({
      signer: testSigner(),
      mediatorPublicKey: key(77),
      dial: async () => Object.assign(await streams.dial('memory://m'), { remotePublicKey: key(78) }),
    })
    client.start()
    await expect(client.ready()).rejects.toMatchObject({ code: 'wrong-mediator' })
    expect(client.state).toMatchObject({ state: 'stopped' })
    await client.close()
    await listener.close()
  })

  test('a dial that can never work is final, others are tried again', async () => {
    const clock = createClock(NOW_MS)
    const options = { signer: testSigner(), mediatorPublicKey: key(77), clock }
    const wrong = new MediatorClient({ ...options, transports: new Transports([]), address: 'tcp://127.0.0.1:1' })
    wrong.start()
    await expect(wrong.ready()).rejects.toMatchObject({
      code: 'transport',
      cause: { cause: { code: 'unknown-scheme' } },
    })
    let dials = 0
    const refused = new MediatorClient({
      ...options,
      dial: () => {
        dials++
        throw new TransportError('refused', 'nobody there')
      },
    })
    refused.start()
    await settle()
    expect(name(refused.state)).toBe('waiting')
    clock.advance(2400)
    await settle()
    expect(dials).toBe(2)
    const hanging = new MediatorClient({ ...options, dial: () => new Promise(() => {}) })
    hanging.start()
    clock.advance(15_000)
    await settle()
    expect(hanging.state).toMatchObject({ state: 'waiting', reason: { code: 'transport' } })
    await Promise.all([wrong.close(), refused.close(), hanging.close()])
  })

  test('a signer that fails is tried again, one that gives no signature is not', async () => {
    const signer = testSigner()
    const far = await bench('tlv-push', {
      signer: { ...signer, sign: () => Promise.reject(new Error('out of reach')) },
    })
    far.client.start()
    await until(() => name(far.client.state) === 'waiting')
    expect(far.client.state).toMatchObject({ reason: { code: 'key-capability' } })
    const odd = await bench('tlv-push', { signer: { ...signer, sign: () => new Uint8Array(3) } })
    odd.client.start()
    await until(() => name(odd.client.state) === 'stopped')
  })

  test('closes in order, with what waits, and nothing is left', async () => {
    const { client, mediator, clock } = await bench()
    client.start()
    await client.ready()
    mediator.handlers.ping = () => undefined
    const asked = expect(client.ping()).rejects.toMatchObject({ code: 'closed' })
    await until(() => mediator.asked.includes('ping'))
    const closing = client.close()
    await asked
    await closing
    await until(() => mediator.connections.size === 0)
    expect(client.state).toEqual({ state: 'closed' })
    expect(clock.nextDueMs).toBeUndefined()
    await expect(client.ping()).rejects.toMatchObject({ code: 'closed' })
    expect(() => client.start()).toThrow('closed')
    await client.close()
  })

  test('a close cuts a mediator that does not hang up', async () => {
    const { streams } = createMemoryNetwork()
    const clock = createClock(NOW_MS)
    let isCut = false
    const listener = await streams.listen('memory://m', {
      onStream: (stream) => stream.start({ data() {}, end() {}, drain() {}, closed: () => void (isCut = true) }),
    })
    const client = new MediatorClient({
      signer: testSigner(),
      mediatorPublicKey: key(77),
      clock,
      dial: () => streams.dial('memory://m'),
    })
    client.start()
    await settle()
    const closing = client.close({ timeoutMs: 100 })
    await settle()
    clock.advance(100)
    await closing
    await until(() => isCut)
    expect(clock.nextDueMs).toBeUndefined()
    await listener.close()
  })
})

describe('createChat', () => {
  test('refuses before the work what would be refused after it', async () => {
    const { client, mediator } = await bench('binary')
    client.start()
    await client.ready()
    await expect(client.createChat({ name: 'ü'.repeat(11) })).rejects.toMatchObject({ code: 'invalid' })
    await expect(client.createChat({ name: '', description: 'x'.repeat(201) })).rejects.toMatchObject({
      code: 'invalid',
    })
    await expect(client.createChat({ name: '', avatar: new Uint8Array(204_801) })).rejects.toMatchObject({
      code: 'invalid',
    })
    expect(mediator.asked).toEqual(['getNonce', 'auth'])
    const other = await bench('tlv')
    other.client.start()
    await other.client.createChat({ name: '🦊'.repeat(25) })
    await expect(other.client.createChat({ name: '🦊'.repeat(26) })).rejects.toMatchObject({ code: 'invalid' })
  })

  test('asks for another nonce when somebody took it away, four times at most', async () => {
    const { client, mediator } = await bench()
    client.start()
    await client.ready()
    let refusals = 2
    mediator.handlers.createChat = () => (refusals-- > 0 ? 'unknown nonce' : { chatId: 9n })
    expect(await client.createChat({ name: 'n' })).toBe(9n)
    refusals = 100
    await expect(client.createChat({ name: 'n' })).rejects.toMatchObject({ code: 'auth', remoteText: 'unknown nonce' })
    expect(refusals).toBe(96)
  })

  test('two at once never have two nonces', async () => {
    const { client, mediator } = await bench()
    client.start()
    await client.ready()
    mediator.asked.length = 0
    await Promise.all([client.createChat({ name: 'a' }), client.createChat({ name: 'b' })])
    expect(mediator.asked).toEqual(['getNonce', 'createChat', 'getNonce', 'createChat'])
  })

  test('the work ends with the signal, and with the connection', async () => {
    const signals: AbortSignal[] = []
    const signer = {
      ...testSigner(),
      signProofOfWork: (_: Uint8Array, { signal }: { signal?: AbortSignal } = {}) =>
        new Promise<never>((_resolve, reject) => {
          if (signal === undefined) return
          signals.push(signal)
          signal.addEventListener('abort', () => reject(signal.reason as Error))
        }),
    }
    const { client, mediator } = await bench('tlv-push', { signer })
    client.start()
    await client.ready()
    const controller = new AbortController()
    const first = client.createChat({ name: 'a' }, { signal: controller.signal })
    await until(() => signals.length === 1)
    controller.abort()
    await expect(first).rejects.toMatchObject({ code: 'aborted' })
    const second = client.createChat({ name: 'a' })
    await until(() => signals.length === 2)
    mediator.cut()
    await expect(second).rejects.toMatchObject({ code: 'not-connected' })
  })

  test('a mediator without a sound nonce', async () => {
    const { client, mediator } = await bench()
    client.start()
    await client.ready()
    mediator.handlers.getNonce = () => ({ nonce: mediator.publicKey })
    await expect(client.createChat({ name: 'a' })).rejects.toMatchObject({ code: 'protocol' })
    expect(mediator.asked.filter((command) => command === 'getNonce').length).toBe(33)
  })
})

test('a nonce that could be a node key is not signed: a tracker would take it for an entry of ours', async () => {
  const { client, mediator } = await bench()
  const nodeKey = createSigner(new Uint8Array(32).fill(9)).publicKey
  mediator.handlers.getNonce = () => {
    mediator.handlers = {}
    return { nonce: nodeKey }
  }
  client.start()
  await client.ready()
  expect(mediator.asked.slice(0, 3)).toEqual(['getNonce', 'getNonce', 'auth'])
  const trusting = await bench('tlv-push', { refuseNonce: () => false })
  const signed: Uint8Array[] = []
  trusting.mediator.handlers.getNonce = () => ({ nonce: nodeKey })
  trusting.mediator.handlers.auth = ({ nonce }) => {
    signed.push(nonce.slice())
    return {}
  }
  trusting.client.start()
  await trusting.client.ready()
  expect(signed).toEqual([nodeKey])
})

test('a listener that throws disturbs nobody', async () => {
  const { client } = await bench()
  client.on('state', () => {
    throw new Error('broken')
  })
  client.start()
  await client.ping()
})

test('options out of range are refused', () => {
  const base = {
    signer: testSigner(),
    mediatorPublicKey: key(77),
    transports: new Transports([]),
    address: 'quic://x:1',
  }
  expect(new MediatorClient(base).dialect).toBe('tlv')
  expect(new MediatorClient({ ...base, address: 'tcp://127.0.0.1:1' }).dialect).toBe('tlv-push')
  expect(() => new MediatorClient({ ...base, mediatorPublicKey: new Uint8Array(31) })).toThrow(RangeError)
  expect(() => new MediatorClient({ ...base, limits: { pageMessages: 501 } })).toThrow('pageMessages')
  expect(() => new MediatorClient({ ...base, timers: { requestMs: -1 } })).toThrow('requestMs')
})

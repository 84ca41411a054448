// What comes over the wire and is no sound request: mediator protocol §1, §1.2, §2, §3.2, §6.
import { connect } from 'node:net'
import { isPoint } from '@mimirjs/crypto'
import { type StreamTransport, Transports } from '@mimirjs/transport'
import { tcp } from '@mimirjs/transport/tcp'
import { encodeMediatorInit, encodeMediatorRequest, encodeRequestFrame } from '@mimirjs/wire/mediator'
import { expect, onTestFinished, test } from 'vitest'
import { call } from '../src/operations.js'
import { chatRequest } from './support/pow.js'
import { DIALECTS, keyOf, type Server, startServer } from './support/server.js'

const CHAT = 5n

async function start(options = {}): Promise<Server> {
  const server = await startServer(options)
  await server.chat(CHAT, [{ number: 2, permissions: 0x10 }])
  return server
}

/** Everything that a server says to these bytes until it ends the connection. */
function talk(address: string, bytes: Uint8Array): Promise<{ heard: Buffer; ended: boolean }> {
  const { hostname, port } = new URL(address)
  const socket = connect({ host: hostname, port: Number(port) })
  onTestFinished(() => {
    socket.destroy()
  })
  const heard: Buffer[] = []
  return new Promise((resolve, reject) => {
    let ended = false
    socket.on('data', (chunk: Buffer) => heard.push(chunk))
    socket.on('end', () => {
      ended = true
    })
    socket.on('close', () => resolve({ heard: Buffer.concat(heard), ended }))
    socket.on('error', reject)
    socket.write(bytes)
  })
}

const errorFrame = (id: number, text: string): Buffer => {
  const body = Buffer.from(text)
  return Buffer.concat([Buffer.from([1, id >> 8, id & 255, 0, 0, 0, 2 + body.length, 0, body.length]), body])
}

test('a connection that does not open is ended without a word', async () => {
  const server = await start()
  for (const opening of [[0x02], [0x01, 0x01], [0x01, 0x02], [0xff, 0, 0]])
    expect(await talk(server.addressOf('tlv'), Uint8Array.from(opening))).toEqual({
      heard: Buffer.alloc(0),
      ended: true,
    })
  // The other form of opening: that is how clients find out which one a server speaks.
  const other = Uint8Array.from([0x00, 0x01, 0x01])
  expect(server.mediator.stats().cut.opening).toBe(4)
  const binary = await server.connect('binary', 1)
  binary.write(other.subarray(0, 1))
  await binary.ok('ping', {})
})

test('an opening may come in pieces, and with the first request', async () => {
  const server = await start()
  for (const dialect of DIALECTS) {
    const client = await server.connect(dialect, 2)
    const bytes = Buffer.concat([encodeMediatorInit(dialect), encodeRequestFrame(dialect, 77, 'ping', {})])
    for (const byte of bytes.subarray(0, -1)) client.write(Uint8Array.of(byte))
    await new Promise((resolve) => setImmediate(resolve))
    expect(client.frames).toHaveLength(0)
    client.write(bytes.subarray(-1))
    expect(await client.answerTo('ping', 77)).toEqual({ ok: true, value: {} })
  }
})

test('a payload above the limit is refused at its header, as the dialect does it', async () => {
  const server = await start()
  const limits = { binary: 33_554_432, tlv: 33_554_432, 'tlv-push': 53_477_376 }
  for (const dialect of DIALECTS)
    for (const isLoggedIn of [false, true]) {
      const client = isLoggedIn ? await server.login(dialect, 2) : await server.connect(dialect, 2)
      if (!isLoggedIn) client.open()
      await client.settle()
      const header = encodeMediatorRequest(dialect, { command: 0x30, requestId: 0x4321, payload: new Uint8Array(0) })
      new DataView(header.buffer, header.byteOffset).setUint32(
        header.length - 4,
        (isLoggedIn ? limits[dialect] : 4096) + 1,
      )
      client.write(header)
      await client.until(() => client.hasEnded)
      const said = client.frames.map(({ status, id, payload }) => [
        status,
        id,
        Buffer.from(payload.subarray(2)).toString(),
      ])
      const id = dialect === 'binary' ? 0 : 0x4321
      expect(said, dialect).toEqual(dialect === 'tlv-push' ? [] : [[1, id, 'payload too large']])
    }
  expect(server.mediator.stats().cut['too-large']).toBe(6)
})

test('before the login 4,096 bytes are taken, and no more', async () => {
  const server = await start()
  const client = await server.connect('tlv', 2)
  client.open()
  const answer = await client.answerTo('ping', client.sendRaw('ping', new Uint8Array(4096)))
  expect(answer.ok).toBe(true)
})

test('another frame version than 1 ends a binary connection', async () => {
  const server = await start()
  const bytes = Uint8Array.from([0x00, 0x02, 0x03])
  expect(await talk(server.addressOf('binary'), bytes)).toEqual({ heard: errorFrame(0, 'bad version'), ended: true })
})

test('an unknown command: told, and ended where the dialect ends it', async () => {
  const server = await start()
  for (const dialect of DIALECTS)
    for (const code of [0x00, 0x32, 0x7f, ...(dialect === 'binary' ? [0x12, 0x55] : [])]) {
      const client = await server.login(dialect, 2)
      const id = client.sendRaw(code, new Uint8Array(3))
      const answer = await client.answerTo('ping', id)
      expect(answer).toEqual({ ok: false, text: 'unknown cmd', id: dialect === 'binary' ? 0 : id })
      if (dialect === 'tlv-push') await client.settle()
      else await client.until(() => client.hasEnded)
    }
})

test('what was asked before a fault is answered, what comes behind it is not looked at', async () => {
  const server = await start()
  const client = await server.login('tlv', 2)
  const first = client.send('sendMessage', { chatId: CHAT, guid: 1n, blob: new Uint8Array(1) })
  const unknown = client.sendRaw(0x7f, new Uint8Array(0))
  client.send('sendMessage', { chatId: CHAT, guid: 2n, blob: new Uint8Array(1) })
  await client.until(() => client.hasEnded)
  expect(client.order.slice(-2)).toEqual([first, unknown])
  expect(await server.run(() => call('lastMessageId', CHAT))).toBe(1n)
})

test('answers come in the order of the requests, a login before what needs one', async () => {
  const server = await start()
  const client = await server.connect('tlv-push', 2)
  client.open()
  const { nonce } = await client.ok('getNonce', { publicKey: client.publicKey })
  client.order.length = 0
  const ids = [
    client.send('auth', { publicKey: client.publicKey, nonce, signature: client.signer.sign(nonce) }),
    client.send('sendMessage', { chatId: CHAT, guid: 1n, blob: new Uint8Array(1) }),
    client.send('ping', {}),
    client.send('getUserChats', {}),
    client.send('subscribe', { chatId: CHAT }),
    client.send('sendMessage', { chatId: CHAT, guid: 2n, blob: new Uint8Array(1) }),
    client.send('getMessagesSince', { chatId: CHAT, sinceId: 0n, limit: 5 }),
    client.send('getMessagesSince', { chatId: CHAT, sinceId: 1n, limit: 5 }),
    client.send('ping', {}),
  ]
  for (const id of ids) await client.until(() => client.frames.some((frame) => frame.id === id))
  expect(client.order.filter((entry) => typeof entry === 'number')).toEqual(ids)
  expect(client.frames.every(({ status }) => status === 0)).toBe(true)
})

test('five wrong signatures end a connection', async () => {
  const server = await start()
  const client = await server.connect('tlv-push', 2)
  client.open()
  const { publicKey } = client
  const { nonce } = await client.ok('getNonce', { publicKey })
  for (let attempt = 1; attempt <= 5; attempt++)
    expect(await client.refused('auth', { publicKey, nonce, signature: new Uint8Array(64) })).toBe('invalid signature')
  await client.until(() => client.hasEnded)
  expect(server.mediator.stats().cut['failed-logins']).toBe(1)
})

test('nobody can take away the nonce of another, and a nonce ends after two minutes', async () => {
  const server = await start()
  const victim = await server.connect('tlv', 2)
  const rival = await server.connect('tlv', 3)
  victim.open()
  rival.open()
  const { publicKey } = victim
  const { nonce } = await victim.ok('getNonce', { publicKey })
  for (let round = 0; round < 20; round++) await rival.ok('getNonce', { publicKey })
  await victim.ok('auth', { publicKey, nonce, signature: victim.signer.sign(nonce) })

  const slow = await server.connect('tlv', 4)
  slow.open()
  const late = await slow.ok('getNonce', { publicKey: slow.publicKey })
  server.clock.advance(29_000)
  expect(slow.isClosed).toBe(false)
  server.clock.advance(91_000)
  await slow.until(() => slow.isClosed)
  expect(late.nonce).toHaveLength(32)
  expect(server.mediator.stats().cut.login).toBeGreaterThan(0)
})

test('pushes are told apart by their status in tlv-push alone', async () => {
  const server = await start()
  for (const [dialect, status] of [
    ['binary', 0],
    ['tlv', 0],
    ['tlv-push', 2],
  ] as const) {
    const client = await server.login(dialect, 2)
    const frames = client.order.length
    await client.ok('subscribe', { chatId: CHAT })
    await client.push('requestMemberInfo')
    expect(client.order.length).toBeGreaterThan(frames)
    expect(status).toBe(dialect === 'tlv-push' ? 2 : 0)
    await client.close()
  }
})

test('the table of nonces mirrors those of keys that have logged in, and forgets them with their use', async () => {
  const issued: string[] = []
  const server = await start()
  const { store } = server
  const run = store.run.bind(store)
  store.run = (program, options) =>
    run(function* () {
      const running = program()
      let step = running.next()
      while (step.done !== true) {
        if (step.value.op === 'putNonce' || step.value.op === 'deleteNonce') issued.push(step.value.op)
        step = running.next(yield step.value)
      }
      return step.value
    }, options)
  // Anybody may ask for a nonce, and name any key: that writes nothing.
  const stranger = await server.connect('tlv-push', 3)
  stranger.open()
  for (let number = 100; number < 110; number++) await stranger.ok('getNonce', { publicKey: keyOf(number) })
  const client = await server.login('tlv-push', 2)
  await client.ok('getNonce', { publicKey: keyOf(3) })
  expect(issued).toEqual(['deleteNonce'])
  await client.ok('createChat', await chatRequest(client))
  expect(issued).toEqual(['deleteNonce', 'putNonce', 'deleteNonce'])
})

test('no nonce is a curve point, which could be the key of a node', async () => {
  const server = await start()
  const client = await server.connect('tlv', 2)
  client.open()
  for (let round = 0; round < 50; round++) {
    const { nonce } = await client.ok('getNonce', { publicKey: keyOf(2) })
    expect(isPoint(nonce)).toBe(false)
  }
})

/** TCP, but its network proves who dials: whoever `key` says. */
function proving(key: () => Uint8Array): StreamTransport {
  const inner = tcp()
  return {
    scheme: inner.scheme,
    dial: (address, options) => inner.dial(address, options),
    listen: (address, options) =>
      inner.listen(address, {
        ...options,
        onStream: (stream) => options.onStream(Object.assign(stream, { remotePublicKey: key() })),
      }),
  }
}

test('a second login of a key from the same node replaces the first; other nodes and other keys stay', async () => {
  let node = keyOf(100)
  const server = await start({ transports: new Transports([proving(() => node)]) })
  const first = await server.login('tlv', 2)
  const otherKey = await server.login('tlv', 1)
  await first.ok('subscribe', { chatId: CHAT })
  node = keyOf(101)
  const otherNode = await server.login('tlv-push', 2)
  await first.settle()
  node = keyOf(100)
  const second = await server.connect('binary', 2)
  second.open()
  await second.settle()
  await first.settle()
  await second.login()
  await first.until(() => first.isClosed)
  for (const client of [otherKey, otherNode, second]) await client.settle()
  expect(server.mediator.stats()).toMatchObject({ authenticated: 3, subscriptions: 0, cut: { replaced: 1 } })
})

import { Transports } from '@mimirjs/transport'
import { createMemoryNetwork } from '@mimirjs/transport/memory'
import { createRandom, faultyStreams } from '@mimirjs/transport/testing'
import { encodePushFrame, encodeResponseFrame, MEDIATOR_DIALECTS } from '@mimirjs/wire/mediator'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { MediatorClient } from '../src/client.js'
import { bench, Keeper, settle, testSigner, until } from './support/bench.js'
import { FakeMediator } from './support/fake-mediator.js'
import { key } from './support/messages.js'

const FAST = { retryMs: 1, maxRetryMs: 4, gapMs: 20, pauseMs: 5 }

describe.each(MEDIATOR_DIALECTS)('dialect %s', (dialect) => {
  test('a link that cuts everything to pieces, and itself off', async () => {
    const { streams } = createMemoryNetwork()
    const mediator = new FakeMediator(dialect)
    await mediator.listen(streams, 'memory://m')
    const link = faultyStreams(streams, { splitBytes: 400, cutAfterBytes: 30_000, refuseChance: 0.2 }, { seed: 3 })
    const client = new MediatorClient({
      signer: testSigner(),
      mediatorPublicKey: mediator.publicKey,
      dialect,
      transports: new Transports([link]),
      address: 'memory://m',
      timers: FAST,
    })
    onTestFinished(async () => {
      await client.close({ timeoutMs: 50 })
      await mediator.close()
    })
    const keeper = new Keeper()
    client.follow(7n, keeper)
    client.start()
    for (let round = 0; round < 60; round++) {
      for (let count = 0; count < 10; count++) mediator.add({ blob: new Uint8Array(100 + round).fill(round) })
      await settle()
    }
    await vi.waitFor(() => expect(keeper.stored.length).toBe(600), { timeout: 15_000, interval: 10 })
    expect(mediator.accepted).toBeGreaterThan(3)
    const read = keeper.batches.flatMap(({ messages }) => messages)
    // The link overwrites what it has delivered: a message that were only a view would show it.
    for (const { messageId, blob } of read) {
      const round = Math.floor((Number(messageId) - 1) / 10)
      expect(blob).toEqual(new Uint8Array(100 + round).fill(round))
    }
    await vi.waitFor(() => expect(keeper.syncedTo).toBe(600n), { timeout: 5000, interval: 10 })
  })

  test('nonsense of every kind ends connections, and nothing else', async () => {
    const { streams } = createMemoryNetwork()
    const random = createRandom(17)
    let accepted = 0
    const nonce = encodeResponseFrame(dialect, 1, 'getNonce', { nonce: key(50) })
    const welcome = encodeResponseFrame(dialect, 2, 'auth', {})
    const row = {
      chatId: 7n,
      messageId: 5n,
      guid: 6n,
      timestampSeconds: 7n,
      author: key(77),
      blob: Uint8Array.of(9, 1),
    }
    const pushes = [
      encodePushFrame(dialect, 'gotMessage', row),
      encodePushFrame(dialect, 'gotMessage', { ...row, messageId: -5n }),
      encodePushFrame(dialect, 'gotMessage', { ...row, messageId: 0x7fff_ffff_ffff_ffffn, blob: new Uint8Array(0) }),
      encodePushFrame(dialect, 'requestMemberInfo', { chatId: 7n, lastUpdateSeconds: 0xffff_ffff_ffff_ffffn }),
      encodePushFrame(dialect, 'gotMemberInfo', {
        chatId: 8n,
        members: [{ publicKey: key(1), info: key(2), timestampSeconds: 3n }],
      }),
    ]
    const listener = await streams.listen('memory://m', {
      onStream: (stream) => {
        accepted++
        stream.start({ data() {}, end: () => stream.end(), drain() {}, closed() {} })
        const script = Buffer.concat([nonce, welcome, ...pushes, random.bytes(random.integer(200))])
        // The login stays sound in most of them, for what comes behind it.
        const from = random.chance(0.8) ? nonce.length + welcome.length : 0
        for (let flips = random.integer(5); flips > 0; flips--) {
          script[from + random.integer(script.length - from)] = random.integer(256)
        }
        stream.write(script.subarray(0, random.chance(0.8) ? script.length : random.integer(script.length)))
        stream.end()
      },
    })
    const client = new MediatorClient({
      signer: testSigner(),
      mediatorPublicKey: key(77),
      dialect,
      transports: new Transports([streams]),
      address: 'memory://m',
      timers: FAST,
      limits: { seenNonces: 1 },
    })
    const keeper = new Keeper()
    client.follow(7n, keeper)
    client.start()
    while (accepted < 150) {
      await settle()
      client.retryNow()
      if (client.state.state === 'stopped') client.start()
    }
    expect(keeper.syncedTo).toBe(0n)
    await client.close({ timeoutMs: 50 })
    await listener.close()
  })
})

test('a flood of pushes while the store hangs is not kept', async () => {
  const { client, mediator } = await bench('tlv-push', { limits: { queuedMessages: 50 } })
  const keeper = new Keeper()
  keeper.store = () => new Promise(() => {})
  client.follow(7n, keeper)
  client.start()
  await until(() => keeper.readies === 1)
  const before = process.memoryUsage().arrayBuffers
  for (let round = 0; round < 100; round++) {
    for (let count = 0; count < 10; count++) mediator.add({ blob: new Uint8Array(300_000) })
    // The fake keeps no rows: what grows would be ours, up to 300 MB.
    mediator.rows = []
    await settle()
  }
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(150_000_000)
})

import { createClock, type ManualClock } from '@mimirjs/transport/testing'
import { toHex } from '@mimirjs/wire'
import { expect, onTestFinished, test, vi } from 'vitest'
import { type MulticastAddress, parseMulticastAddress } from '../../src/address/index.js'
import { NodeEngine } from '../../src/node/engine.js'
import type { MulticastNodeOptions } from '../../src/node/options.js'
import { settingsOf } from '../../src/node/settings.js'
import { createMulticastMemory, type MulticastMemory } from '../../src/testing/index.js'
import { bytes, failure, signer, text } from './support.js'

const LABEL = bytes('LBL!')

interface End {
  readonly engine: NodeEngine
  readonly address: MulticastAddress
  readonly got: string[]
  readonly from: Uint8Array[]
  readonly detach: () => void
}

/** An engine whose labelled payloads are kept. */
async function openEnd(
  memory: MulticastMemory,
  clock: ManualClock,
  number: number,
  options: Partial<MulticastNodeOptions> = {},
): Promise<End> {
  const network = memory.network()
  const own = signer(number)
  const settings = settingsOf({
    signer: own,
    network,
    clock,
    group: 'ipv4',
    port: 0,
    policy: 'anybody',
    joinDelayMs: 0,
    ...options,
  })
  const socket = await network.open({ groups: [settings.group], port: settings.port })
  const engine = new NodeEngine(own, socket, settings)
  const got: string[] = []
  const from: Uint8Array[] = []
  const detach = engine.carriers.attach(LABEL, {
    payload: (peer, payload) => {
      from.push(peer)
      got.push(text(payload.subarray(LABEL.length)))
    },
    closed: (error) => got.push(`closed ${error?.code}`),
  })
  onTestFinished(async () => {
    engine.end(undefined)
    await socket.close()
  })
  return { engine, address: parseMulticastAddress(engine.address), got, from, detach }
}

function link(): { memory: MulticastMemory; clock: ManualClock } {
  const clock = createClock(1_000_000)
  return { memory: createMulticastMemory({ clock }), clock }
}

const labelled = (shown: string): Uint8Array => bytes(`LBL!${shown}`)

/** Let what is on its way arrive, and what waits for it go on; then let time pass, and the same again. */
async function settle(clock: ManualClock, ms = 0): Promise<void> {
  for (const passing of [0, ms]) {
    clock.advance(passing)
    for (let turn = 0; turn < 20; turn++) {
      await Promise.resolve()
      clock.advance(0)
    }
  }
}

async function ensured(end: End, other: End, clock: ManualClock, options = {}): Promise<void> {
  const ensuring = end.engine.carriers.ensureSession(other.address, options)
  await settle(clock)
  await ensuring
}

test('payloads go to a key over the session there is, both ways, and no program sees them', async () => {
  const { memory, clock } = link()
  const [a, b] = [await openEnd(memory, clock, 1), await openEnd(memory, clock, 2)]
  const seen = vi.fn()
  b.engine.emitter.on('session', seen)
  b.engine.handler = seen
  expect(a.engine.carriers.canSendTo(b.address.publicKey)).toBe(false)
  expect(a.engine.carriers.sendTo(b.address.publicKey, labelled('lost'))).toBe(false)
  await ensured(a, b, clock)
  await ensured(a, b, clock)
  expect(a.engine.machine.sessionCount).toBe(1)
  // The other side may speak when it has heard something.
  expect(b.engine.carriers.canSendTo(a.address.publicKey)).toBe(false)
  expect(a.engine.carriers.sendTo(b.address.publicKey, labelled('one'))).toBe(true)
  await settle(clock)
  expect(b.got).toEqual(['one'])
  expect(b.from.map(toHex)).toEqual([toHex(a.address.publicKey)])
  expect(b.engine.carriers.addressOf(a.address.publicKey)).toEqual(a.address)
  expect(b.engine.carriers.sendTo(b.from[0] ?? new Uint8Array(32), labelled('two'))).toBe(true)
  await settle(clock)
  expect(a.got).toEqual(['two'])
  expect(seen).not.toHaveBeenCalled()
  expect(b.engine.sessions.size).toBe(0)
})

test('without a handler, and without the label, payloads are plain data', async () => {
  const { memory, clock } = link()
  const [a, b] = [await openEnd(memory, clock, 1), await openEnd(memory, clock, 2)]
  const plain: string[] = []
  b.engine.handler = (payload) => {
    plain.push(text(payload))
    return undefined
  }
  await ensured(a, b, clock)
  a.engine.carriers.sendTo(b.address.publicKey, bytes('LBL'))
  a.engine.carriers.sendTo(b.address.publicKey, bytes('LBX!more'))
  await settle(clock)
  b.detach()
  a.engine.carriers.sendTo(b.address.publicKey, labelled('late'))
  await settle(clock)
  expect(plain).toEqual(['LBL', 'LBX!more', 'LBL!late'])
  expect(b.got).toEqual([])
})

test('there is one handler at a time, and it is told of the end once', async () => {
  const { memory, clock } = link()
  const a = await openEnd(memory, clock, 1)
  const handler = { payload: () => {}, closed: () => {} }
  expect(() => a.engine.carriers.attach(LABEL, handler)).toThrow(expect.objectContaining({ code: 'misuse' }))
  a.engine.end(undefined)
  a.engine.end(undefined)
  expect(a.got).toEqual(['closed undefined'])
  expect(() => a.engine.carriers.attach(LABEL, handler)).toThrow(expect.objectContaining({ code: 'closed' }))
  expect((await failure(a.engine.carriers.ensureSession(a.address))).code).toBe('closed')
})

test('a request is not answered by a labelled payload', async () => {
  const { memory, clock } = link()
  const [a, b] = [await openEnd(memory, clock, 1), await openEnd(memory, clock, 2)]
  await ensured(a, b, clock)
  a.engine.carriers.sendTo(b.address.publicKey, labelled('hello'))
  await settle(clock)
  const connecting = a.engine.connect(b.address, undefined)
  await settle(clock)
  const asking = a.engine.wrap(await connecting).request(bytes('plain'))
  b.engine.carriers.sendTo(a.address.publicKey, labelled('not the answer'))
  await settle(clock)
  expect(a.got).toEqual(['not the answer'])
  b.engine.handler = () => bytes('the answer')
  await settle(clock, 1000)
  // The first copy came while there was no handler: it is known, and was not answered.
  const again = a.engine.wrap(await connecting).request(bytes('plain'))
  await settle(clock, 20_000)
  expect((await failure(asking)).code).toBe('no-answer')
  expect(text(await again)).toBe('the answer')
})

test('when both sides open, both go on over the one of the smaller key', async () => {
  const { memory, clock } = link()
  const [a, b] = [await openEnd(memory, clock, 1), await openEnd(memory, clock, 2)]
  const both = Promise.all([
    a.engine.carriers.ensureSession(b.address),
    b.engine.carriers.ensureSession(a.address, { fresh: true }),
  ])
  await settle(clock)
  await both
  expect(a.engine.machine.sessionCount).toBe(2)
  for (const shown of ['1', '2', '3']) {
    a.engine.carriers.sendTo(b.address.publicKey, labelled(shown))
    b.engine.carriers.sendTo(a.address.publicKey, labelled(shown))
    await settle(clock, 1)
  }
  expect(a.got).toEqual(['1', '2', '3'])
  expect(b.got).toEqual(['1', '2', '3'])
  const [smaller, larger] = toHex(a.address.publicKey) < toHex(b.address.publicKey) ? [a, b] : [b, a]
  const before = larger.engine.machine.counters.deliver
  // Only the session of the smaller key is used: after ten minutes the other one has idled out.
  for (let minute = 0; minute < 11; minute++) {
    smaller.engine.carriers.sendTo(larger.address.publicKey, labelled('still'))
    larger.engine.carriers.sendTo(smaller.address.publicKey, labelled('still'))
    await settle(clock, 60_000)
  }
  expect(larger.engine.machine.counters.deliver).toBe(before + 11)
  expect(a.engine.machine.sessionCount).toBe(1)
  expect(b.engine.machine.sessionCount).toBe(1)
})

test('a session that the other side has forgotten is given up when it speaks by another', async () => {
  const { memory, clock } = link()
  const smallerFirst = [1, 2].sort((x, y) => (toHex(signer(x).publicKey) < toHex(signer(y).publicKey) ? -1 : 1))
  const a = await openEnd(memory, clock, smallerFirst[0] ?? 1)
  const b = await openEnd(memory, clock, smallerFirst[1] ?? 2, { group: '224.0.224.77', port: 3000 })
  await ensured(a, b, clock)
  a.engine.carriers.sendTo(b.address.publicKey, labelled('before'))
  await settle(clock)
  b.engine.end(undefined)
  await settle(clock, 5000)
  // The same identity, started anew elsewhere on the link, knows nothing of the session.
  const again = await openEnd(memory, clock, smallerFirst[1] ?? 2, { group: '224.0.224.77', port: 3001 })
  await ensured(again, a, clock)
  again.engine.carriers.sendTo(a.address.publicKey, labelled('it is me'))
  await settle(clock)
  expect(a.got).toEqual(['it is me'])
  expect(a.engine.carriers.sendTo(b.address.publicKey, labelled('welcome back'))).toBe(true)
  await settle(clock)
  expect(again.got).toEqual(['welcome back'])
})

test.each([
  [1, 2],
  [2, 1],
])(
  'a session is renewed by the side that opened it before its messages are used up: %d opens',
  async (first, second) => {
    const { memory, clock } = link()
    const limits = { messagesPerSession: 40 }
    const [a, b] = [await openEnd(memory, clock, first, { limits }), await openEnd(memory, clock, second, { limits })]
    await ensured(a, b, clock)
    const sent: string[] = []
    for (let index = 0; index < 200; index++) {
      sent.push(`${index}`)
      expect(a.engine.carriers.sendTo(b.address.publicKey, labelled(`${index}`))).toBe(true)
      await settle(clock, 20)
      expect(b.engine.carriers.sendTo(a.address.publicKey, labelled(`${index}`))).toBe(true)
      await settle(clock, 20)
    }
    expect(b.got).toEqual(sent)
    expect(a.got).toEqual(sent)
    expect(b.engine.machine.counters.respond).toBe(7)
    // Those before are closed as soon as nobody speaks by them any more.
    for (const { engine } of [a, b]) expect(engine.machine.sessionCount).toBeLessThanOrEqual(4)
    await settle(clock, 700_000)
    expect(a.engine.machine.sessionCount).toBe(0)
    // Where the other one listens is still known.
    expect(b.engine.carriers.addressOf(a.address.publicKey)).toEqual(a.address)
  },
)

test('several who wait share one opening, which ends with the last of them', async () => {
  const { memory, clock } = link()
  const a = await openEnd(memory, clock, 1)
  const absent: MulticastAddress = { ...a.address, publicKey: signer(9).publicKey }
  const [first, second] = [new AbortController(), new AbortController()]
  const waits = [first, second].map(({ signal }) => failure(a.engine.carriers.ensureSession(absent, { signal })))
  await settle(clock)
  expect(a.engine.machine.sessionCount).toBe(1)
  first.abort(new Error('enough'))
  expect(await waits[0]).toMatchObject({ code: 'aborted', cause: expect.objectContaining({ message: 'enough' }) })
  await settle(clock, 1000)
  expect(a.engine.machine.sessionCount).toBe(1)
  second.abort()
  expect((await waits[1])?.code).toBe('aborted')
  await settle(clock)
  expect(a.engine.machine.sessionCount).toBe(0)
  // A new one begins from the start.
  const nobody = failure(a.engine.carriers.ensureSession(absent))
  await settle(clock, 211_000)
  expect((await nobody).code).toBe('no-response')
  expect((await failure(a.engine.carriers.ensureSession(absent, { signal: AbortSignal.abort() }))).code).toBe('aborted')
})

test('addresses of peers without a session are kept up to the limit', async () => {
  const { memory, clock } = link()
  const a = await openEnd(memory, clock, 1, { limits: { peers: 3 }, attempts: 1 })
  const addresses = [11, 12, 13, 14, 15].map((number) => ({ ...a.address, publicKey: signer(number).publicKey }))
  for (const address of addresses) {
    const nobody = failure(a.engine.carriers.ensureSession(address))
    await settle(clock, 1000)
    expect((await nobody).code).toBe('no-response')
  }
  const known = addresses.map(({ publicKey }) => a.engine.carriers.addressOf(publicKey) !== undefined)
  expect(known).toEqual([false, false, true, true, true])
})

test.each([
  ['opened', 1, 2],
  ['taken', 2, 1],
])(
  'a peer that is at another place is reached there, whatever session %s by the smaller key leads elsewhere',
  async (_, own, other) => {
    const { memory, clock } = link()
    const here = await openEnd(memory, clock, own)
    const before = await openEnd(memory, clock, other)
    await ensured(here, before, clock)
    await ensured(before, here, clock)
    for (const [from, to] of [
      [here, before],
      [before, here],
    ] as const)
      from.engine.carriers.sendTo(to.engine.publicKey, labelled('before'))
    await settle(clock)
    expect([here.got, before.got]).toEqual([['before'], ['before']])
    before.engine.end(undefined)

    const after = await openEnd(memory, clock, other)
    const { carriers } = here.engine
    // An opening that leads nowhere is not waited for.
    const inVain = carriers.ensureSession(before.address, { fresh: true })
    inVain.catch(() => {})
    await ensured(here, after, clock)
    carriers.sendTo(after.engine.publicKey, labelled('after'))
    await settle(clock)
    expect(after.got).toEqual(['after'])
    expect(carriers.addressOf(after.engine.publicKey)).toEqual(after.address)
  },
)

test('an opening to a place where nobody is does not keep a session from being renewed', async () => {
  const { memory, clock } = link()
  const limits = { messagesPerSession: 40 }
  const [a, b] = [await openEnd(memory, clock, 1, { limits }), await openEnd(memory, clock, 2, { limits })]
  await ensured(a, b, clock)
  // Anybody can say again where the other one was once; whoever looks there waits for a while.
  const elsewhere = { ...b.address, port: 3001 }
  const controller = new AbortController()
  const looking = failure(a.engine.carriers.ensureSession(elsewhere, { signal: controller.signal }))
  for (let index = 0; index < 60; index++) {
    expect(a.engine.carriers.sendTo(b.address.publicKey, labelled(`${index}`))).toBe(true)
    await settle(clock, 20)
  }
  expect(b.got).toHaveLength(60)
  controller.abort()
  expect((await looking).code).toBe('aborted')
})

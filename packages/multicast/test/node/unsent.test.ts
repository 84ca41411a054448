import { createClock } from '@mimirjs/transport/testing'
import { expect, test } from 'vitest'
import { MulticastError, type MulticastNetwork, type MulticastSocket } from '../../src/index.js'
import { createMulticastMemory, lossyNetwork } from '../../src/testing/index.js'
import { bytes, failure, openNode } from './support.js'

/** A network that cannot send while `failing` names the reason. */
function brokenNetwork(inner: MulticastNetwork, state: { failing: string | undefined }): MulticastNetwork {
  return {
    prefixInterface: (wanted) => inner.prefixInterface(wanted),
    open: async (options): Promise<MulticastSocket> => {
      const socket = await inner.open(options)
      const send: MulticastSocket['send'] = (data, to) => {
        if (state.failing === undefined) socket.send(data, to)
      }
      const sendTelling: MulticastSocket['sendTelling'] = (data, to, done) => {
        const { failing } = state
        send(data, to)
        const cause = Object.assign(new Error(`send ${failing}`), { code: failing })
        done(failing === undefined ? undefined : new MulticastError('socket', `no route (${failing})`, { cause }))
      }
      return Object.assign(Object.create(socket) as MulticastSocket, {
        start: socket.start.bind(socket),
        peer: socket.peer.bind(socket),
        close: socket.close.bind(socket),
        port: socket.port,
        localAddress: socket.localAddress,
        send,
        sendTelling,
      })
    },
  }
}

test.each([
  ['straight', (network: MulticastNetwork) => network],
  ['through a lossy one', (network: MulticastNetwork) => lossyNetwork(network, {})],
])(
  'an opening that never leaves is told of once for each reason, counted, and explains the silence: %s',
  async (_, wrap) => {
    const memory = createMulticastMemory()
    const state: { failing: string | undefined } = { failing: 'ENETUNREACH' }
    const network = wrap(brokenNetwork(memory.network(), state))
    const a = await openNode(memory, 1, { network, unitMs: 1, attempts: 3 })
    const b = await openNode(memory, 2, { policy: 'anybody' })
    const told: string[] = []
    a.on('error', ({ error }) => told.push(String(error)))
    for (let time = 0; time < 2; time++) {
      const error = await failure(a.connect(b.address))
      expect(error).toMatchObject({ code: 'no-response', cause: { code: 'socket' } })
      expect(error.message).toContain('no route (ENETUNREACH)')
    }
    expect(told).toEqual(['MulticastError: no route (ENETUNREACH)'])
    state.failing = 'EPERM'
    await failure(a.connect(b.address))
    expect(told).toHaveLength(2)
    expect(a.counters.unsent).toBe(18)

    state.failing = undefined
    const session = await a.connect(b.address)
    b.answer((payload) => payload)
    expect(await session.request(bytes('through'))).toEqual(bytes('through'))
    expect(a.counters.unsent).toBe(18)
  },
)

test('a request that finds its way gone says so, and silence of the other side is not explained by what is mended', async () => {
  const clock = createClock(1_000_000)
  const memory = createMulticastMemory({ clock })
  const state: { failing: string | undefined } = { failing: undefined }
  const network = brokenNetwork(memory.network(), state)
  const a = await openNode(memory, 1, { network, clock })
  const b = await openNode(memory, 2, { clock, policy: 'anybody' })
  const connecting = a.connect(b.address)
  await expect.poll(() => memory.sent).toBe(2)
  clock.advance(1)
  clock.advance(1)
  const session = await connecting
  const ask = async (): Promise<{ code?: string; message: string; cause?: unknown }> => {
    const asking = failure(session.request(bytes('?')))
    clock.advance(30_000)
    for (let time = 0; time < 12; time++) clock.advance(10_000)
    return asking
  }
  state.failing = 'ENETDOWN'
  expect(await ask()).toMatchObject({ code: 'no-answer', message: expect.stringContaining('ENETDOWN') })
  expect(a.counters.unsent).toBe(5)
  state.failing = undefined
  const silent = await ask()
  expect(silent.code).toBe('no-answer')
  expect(silent.cause).toBeUndefined()
})

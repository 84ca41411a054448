import { createClock, type ManualClock } from '@mimirjs/transport/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { parseGroup } from '../../src/address/index.js'
import { MulticastNode, type MulticastNodeOptions } from '../../src/index.js'
import { createMulticastMemory, type LossyHooks, lossyNetwork, lossyTransport } from '../../src/testing/index.js'
import { vectors } from '../address/support.js'
import { bytes, signer, text } from '../node/support.js'

interface Sequence {
  readonly name: string
  readonly operation: 'read' | 'write'
  readonly datagrams: readonly string[]
  readonly lose?: readonly string[]
  readonly double?: readonly string[]
  readonly passed: readonly string[]
}

const GROUP = parseGroup('224.0.224.1')

const turn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve)
  })

/** What arrives, and from where, when these are sent one after the other. */
async function passed(hooks: { sender?: LossyHooks; receiver?: LossyHooks }, datagrams: readonly string[]) {
  const memory = createMulticastMemory()
  const sender = lossyTransport(await memory.network().open({ groups: [GROUP], port: 1025 }), hooks.sender ?? {})
  const receiver = lossyTransport(await memory.network().open({ groups: [GROUP], port: 1024 }), hooks.receiver ?? {})
  const got: string[] = []
  const hosts = new Set<string | undefined>()
  receiver.start({
    message: (datagram, from) => {
      got.push(text(datagram))
      hosts.add(from.host)
      // A reader may do with its view what it likes.
      datagram.fill(0)
    },
    closed: () => {},
  })
  const peer = sender.peer('udp://224.0.224.1:1024')
  for (const shown of datagrams) sender.send(bytes(shown), peer)
  await turn()
  await Promise.all([sender.close(), receiver.close()])
  return { got, hosts: [...hosts], onTheLink: memory.sent }
}

describe('LossyTransport, multicast protocol §11', () => {
  test.each(vectors('sequences/multicast-lossy.json') as Sequence[])(
    '$name',
    async ({ operation, datagrams, lose = [], double = [], passed: expected }) => {
      const isLost = (datagram: Uint8Array): boolean => lose.includes(text(datagram))
      const isDoubled = (datagram: Uint8Array): boolean => double.includes(text(datagram))
      const isRead = operation === 'read'
      const { got, onTheLink } = await passed(
        isRead
          ? { receiver: { loseRead: isLost, doubleRead: isDoubled } }
          : { sender: { loseWrite: isLost, doubleWrite: isDoubled } },
        datagrams,
      )
      expect(got).toEqual(expected)
      expect(onTheLink).toBe(isRead ? datagrams.length : expected.length)
    },
  )

  test('the hooks left out do nothing, and a double has the source of the first', async () => {
    expect(await passed({}, ['a', 'bb'])).toEqual({ got: ['a', 'bb'], hosts: ['192.0.2.1'], onTheLink: 2 })
    const doubled = await passed({ receiver: { doubleRead: () => true } }, ['a', 'bb'])
    expect(doubled).toEqual({ got: ['a', 'a', 'bb', 'bb'], hosts: ['192.0.2.1'], onTheLink: 2 })
  })

  test('what is lost is not asked about twice, and a double not again', async () => {
    const asked: string[] = []
    const ask =
      (name: string, answer: boolean) =>
      (datagram: Uint8Array): boolean => {
        asked.push(`${name} ${text(datagram)}`)
        return answer
      }
    await passed({ sender: { loseWrite: ask('lw', true), doubleWrite: ask('dw', true) } }, ['a'])
    await passed({ receiver: { loseRead: ask('lr', true), doubleRead: ask('dr', true) } }, ['b'])
    await passed({ receiver: { loseRead: ask('lr', false), doubleRead: ask('dr', true) } }, ['c'])
    expect(asked).toEqual(['lw a', 'lr b', 'lr c', 'dr c'])
  })

  test('everything else is that of the socket inside', async () => {
    const memory = createMulticastMemory()
    const network = lossyNetwork(memory.network(), {})
    const socket = await network.open({ groups: [GROUP], port: 1024 })
    const inner = await memory.network().open({ groups: [GROUP], port: 1024 })
    const names = ['localAddress', 'maxDatagramBytes', 'interfaceName', 'port', 'boundToGroup'] as const
    for (const name of names) expect(socket[name]).toEqual(inner[name])
    expect(network.prefixInterface()).toEqual({ name: 'memory', cidr: '2001:db8::1/64' })
    await socket.join(parseGroup('224.0.224.2'))
    await socket.leave(parseGroup('224.0.224.2'))
    await Promise.all([socket.close(), inner.close()])
    expect(memory.sockets).toBe(0)
  })
})

/** True for every datagram of this first byte until it has been so `times` often. */
function first(type: number, times = 1): (datagram: Uint8Array) => boolean {
  let left = times
  return (datagram) => datagram[0] === type && left-- > 0
}

/** Of each type: an attempt is always a declaration and an initiation, so every second one of all is always the same. */
function everySecond(): (datagram: Uint8Array) => boolean {
  const counts = new Map<number | undefined, number>()
  return ([type]) => {
    const count = counts.get(type) ?? 0
    counts.set(type, count + 1)
    return count % 2 === 0
  }
}

/** Let what is on its way arrive, and what waits for it go on; then let time pass. */
async function pass(clock: ManualClock): Promise<void> {
  for (let index = 0; index < 10; index++) {
    clock.advance(0)
    await Promise.resolve()
  }
  clock.advance(500)
}

describe('one request is delivered and one answer comes, whatever is lost or doubled', () => {
  test.each<[string, { initiator?: LossyHooks; responder?: LossyHooks }]>([
    ['nothing', {}],
    ['the first declaration is lost', { initiator: { loseWrite: first(0) } }],
    ['the first initiation is lost', { initiator: { loseWrite: first(1) } }],
    ['the response is lost', { responder: { loseWrite: first(1) } }],
    ['the first data are lost', { initiator: { loseWrite: first(2) } }],
    ['the answer is lost', { responder: { loseWrite: first(2) } }],
    ['everything is doubled', { initiator: { doubleWrite: () => true }, responder: { doubleWrite: () => true } }],
    [
      'everything is doubled on its way in',
      { initiator: { doubleRead: () => true }, responder: { doubleRead: () => true } },
    ],
    [
      'every second of each type is lost',
      { initiator: { loseWrite: everySecond() }, responder: { loseRead: everySecond() } },
    ],
    [
      'every second of each type is lost on its way in',
      { initiator: { loseRead: everySecond() }, responder: { loseWrite: everySecond() } },
    ],
  ])('%s', async (_, { initiator = {}, responder = {} }) => {
    const clock = createClock(1_000_000)
    const memory = createMulticastMemory({ clock })
    const open = async (number: number, hooks: LossyHooks, options: Partial<MulticastNodeOptions> = {}) => {
      const node = await MulticastNode.open({
        signer: signer(number),
        network: lossyNetwork(memory.network(), hooks),
        clock,
        joinDelayMs: 0,
        ...options,
      })
      onTestFinished(() => node.close())
      return node
    }
    const a = await open(1, initiator)
    const b = await open(2, responder, { policy: 'anybody' })
    const delivered: string[] = []
    b.answer((payload) => {
      delivered.push(text(payload))
      return bytes('Hi this is Jack : )')
    })
    const answers: string[] = []
    const exchange = a
      .connect(b.address)
      .then((session) => session.request(bytes('Hello server, how are you?')))
      .then((answer) => answers.push(text(answer)))
    for (let turns = 0; answers.length === 0 && turns < 500; turns++) await pass(clock)
    await exchange
    // Nothing more comes of what is still on its way.
    for (let turns = 0; turns < 100; turns++) await pass(clock)
    expect(delivered).toEqual(['Hello server, how are you?'])
    expect(answers).toEqual(['Hi this is Jack : )'])
  })
})

// What strangers can say to a client that waits for an answer: multicast protocol §13, points 1 and 16. A node of ours
// must ignore it; it ends theirs, or theirs believes it.
import { randomBytes } from '@mimirjs/crypto'
import { MulticastPacketType, SESSION_ID_BYTES } from '@mimirjs/wire/multicast'
import { describe, expect, inject, test } from 'vitest'
import { ANSWER, GREETING } from './support/actor-protocol.js'
import { type Lane, onLane, type Side } from './support/lanes.js'
import { CLIENT_PORT, commandsOf, OurNode, SERVER_PORT, startClientOn, urlOf } from './support/parties.js'
import { Stranger } from './support/stranger.js'

const { addressDeclaration, sessionInitiation, sessionData } = MulticastPacketType

/** A server made of bare packets. */
const serverOn = async (lane: Lane, side: Side): Promise<Stranger> =>
  Stranger.open(await lane.actor(side), lane.interface, { port: SERVER_PORT })

/** The client's group and its first initiation. */
async function firstInitiation(server: Stranger): Promise<Uint8Array> {
  const [declaration, initiation] = await server.heard(2)
  expect([declaration?.[0], initiation?.[0]]).toEqual([addressDeclaration, sessionInitiation])
  return initiation ?? new Uint8Array()
}

test.concurrent('a node of ours ignores whatever is no answer to it', () =>
  onLane('veth', async (lane) => {
    await using server = await serverOn(lane, 'theirs')
    await using other = await Stranger.open(await lane.actor('theirs'), lane.interface, { port: SERVER_PORT + 2 })
    await using node = await OurNode.open(lane, { group: 'ipv6', port: CLIENT_PORT })
    const [opening, initiation] = await Promise.all([node.connect(urlOf(server)), firstInitiation(server).then(answer)])
    const request = opening.request(GREETING)
    const data = await server.hear(sessionData)
    expect(server.open(initiation, data)).toBe(GREETING)
    const genuine = server.data(initiation, ANSWER)
    await server.sendTo(
      node.address,
      CLIENT_PORT,
      data,
      server.data({ ...initiation, key: randomBytes(32) }, 'forged'),
      server.data({ ...initiation, id: randomBytes(SESSION_ID_BYTES) }, 'of another session'),
      randomBytes(1600).fill(sessionData, 0, 1),
      genuine,
    )
    expect(await request).toBe(ANSWER)
    const { counters } = await node.look()
    expect(counters).toMatchObject({
      open: 1,
      candidate: 0,
      deliver: 1,
      'drop:type': 1,
      'drop:reflected': 1,
      'drop:tag': 1,
      'drop:unknown-session': 1,
      'drop:length': 2,
      'drop:low-order': 1,
    })

    /** With everything a stranger can think of before the good response. */
    async function answer(packet: Uint8Array): Promise<ReturnType<Stranger['response']>['session']> {
      const { packet: response, session } = server.response(packet)
      const damaged = response.slice()
      damaged.fill(0, 120, 130)
      await server.sendTo(
        node.address,
        CLIENT_PORT,
        Uint8Array.of(9, 0xab),
        server.response(packet, randomBytes(SESSION_ID_BYTES)).packet,
        other.response(packet).packet,
        server.initiation(other, { id: session.id, sessionKey: randomBytes(32) }),
        server.initiation(node, { id: session.id, sessionKey: new Uint8Array(32) }),
        damaged,
        Uint8Array.of(...response, 0),
        server.declaration(),
        response,
      )
      return session
    }
  }))

describe.concurrent.each(Object.entries(inject('counterparts')))('the client of the %s', (_, programs) => {
  /** It asks `server`, which is made of bare packets, and is on the other side. */
  const ask = async (
    told: (server: Stranger, initiation: Uint8Array, client: { readonly address: string }) => Promise<void>,
  ): Promise<{ readonly code: unknown; readonly said: string }> => {
    let result = { code: undefined as unknown, said: '' }
    await onLane('veth', async (lane) => {
      await using server = await serverOn(lane, 'ours')
      await using client = startClientOn(lane, 'theirs', commandsOf(programs), 'ipv6', server)
      const [, address = ''] = await client.line(/^my addr: (\S+)/)
      await told(server, await firstInitiation(server), { address })
      result = { code: await client.ended, said: client.said }
    })
    return result
  }

  test('ends with two bytes of junk', async () => {
    const { code, said } = await ask((server, _initiation, { address }) =>
      server.sendTo(address, CLIENT_PORT, Uint8Array.of(9, 0xab)),
    )
    expect(code).toBe(1)
    expect(said).toMatch(/unsupported protocol 9$/m)
  })

  test('believes a response to another session', async () => {
    const { code, said } = await ask(async (server, initiation, { address }) => {
      const { packet, session } = server.response(initiation, randomBytes(SESSION_ID_BYTES))
      await server.sendTo(address, CLIENT_PORT, packet)
      const data = await server.hear(sessionData)
      // Its data carries its own id, under the key of the response.
      const own = { id: data.slice(1, 17), key: session.key }
      expect(server.open(own, data)).toBe(GREETING)
      await server.sendTo(address, CLIENT_PORT, server.data(own, ANSWER))
    })
    expect(code).toBe(0)
    expect(said).toContain(ANSWER)
  })

  test('gives a low-order value no session', async () => {
    const { code, said } = await ask((server, initiation, { address }) => {
      const { session } = server.response(initiation)
      const src = Buffer.from(initiation.subarray(17, 49)).toString('hex')
      const packet = server.initiation({ publicKey: src }, { id: session.id, sessionKey: new Uint8Array(32) })
      return server.sendTo(address, CLIENT_PORT, packet)
    })
    expect(code).toBe(1)
    expect(said).not.toContain(ANSWER)
  })
})

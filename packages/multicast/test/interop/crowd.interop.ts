// Many of theirs and one of ours at the same time, and the client that says the same for ever.
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { BRIDGE, joinByBridge, Namespace, VETH } from '../../../../interop/multicast/namespaces.js'
import { Actor } from './support/actor.js'
import { ANSWER, GREETING } from './support/actor-protocol.js'
import { type Lane, onLane } from './support/lanes.js'
import {
  CLIENT_PORT,
  commandsOf,
  EXAMPLES,
  FAMILIES,
  OurNode,
  startClientOn,
  startServerOn,
  urlOf,
} from './support/parties.js'

const COUNTERPARTS = Object.entries(inject('counterparts')).map(([name, programs]) => ({
  name,
  ...commandsOf(programs),
}))
/** Each has a host of its own: the port is the same for all. */
const HOSTS = 6

describe('on a switch with many hosts', () => {
  const hosts: Namespace[] = []
  let hub: Namespace
  let actor: Actor

  beforeAll(async () => {
    hub = await Namespace.open()
    for (let index = 0; index < HOSTS; index++) hosts.push(await Namespace.open())
    await joinByBridge(hub, hosts)
    actor = await Actor.start(hub)
  })
  afterAll(async () => {
    await actor?.stop()
    await Promise.all([hub, ...hosts].map((namespace) => namespace?.close()))
  })

  /** Ours is on the hub. */
  const lanes = (): Lane[] =>
    hosts.map((theirs) => ({ ours: hub, theirs, interface: VETH, actor: () => Promise.resolve(actor) }))
  const onHub = (): Lane => ({ ours: hub, theirs: hub, interface: BRIDGE, actor: () => Promise.resolve(actor) })

  test.each(FAMILIES)('clients of theirs ask one node of ours at once, over %s', async (family) => {
    await using node = await OurNode.open(onHub(), { group: family })
    const clients = lanes().map((lane, index) => {
      const commands = COUNTERPARTS[index % COUNTERPARTS.length] ?? EXAMPLES
      return startClientOn(lane, 'theirs', commands, family, node)
    })
    try {
      for (const client of clients) {
        expect(await client.ended, client.said).toBe(0)
        expect(client.stdout).toContain(ANSWER)
      }
    } finally {
      await Promise.all(clients.map((client) => client.stop()))
    }
    const { received, sessions, errors } = await node.look()
    expect(received).toEqual(clients.map(() => GREETING))
    expect(sessions).toBe(HOSTS)
    expect(errors).toEqual([])
  })

  test('a node of ours asks servers of theirs at once', async () => {
    await using node = await OurNode.open(onHub(), { group: 'ipv6', port: CLIENT_PORT })
    const servers = await Promise.all(
      lanes().map((lane, index) =>
        startServerOn(lane, 'theirs', COUNTERPARTS[index % COUNTERPARTS.length] ?? EXAMPLES, 'ipv6'),
      ),
    )
    try {
      const answers = await Promise.all(
        servers.map(async (server) => {
          const session = await node.connect(urlOf(server))
          return Promise.all([session.request(GREETING), session.request('and again')])
        }),
      )
      expect(answers).toEqual(servers.map(() => [ANSWER, ANSWER]))
      for (const { program } of servers) await program.line(/^and again$/)
    } finally {
      await Promise.all(servers.map(({ program }) => program.stop()))
    }
    expect((await node.look()).errors).toEqual([])
  })
})

describe.concurrent.each(COUNTERPARTS)('the client of the $name with -loop', (commands) => {
  /** More than a second: after that its hidden time limit has passed more than once. */
  const ANSWERS = 300

  test('goes on and on against a node of ours, which delivers once', () =>
    onLane('veth', async (lane) => {
      await using node = await OurNode.open(lane, { group: 'ipv6' })
      await using client = startClientOn(lane, 'theirs', commands, 'ipv6', node, { flags: ['-loop'] })
      await client.line(/^Hi this is Jack : \)$/, ANSWERS)
      // Others are served meanwhile.
      const { counters, received, errors } = await node.look()
      expect(received).toEqual([GREETING])
      expect(counters.deliver).toBe(1)
      expect(counters.repeat).toBeGreaterThanOrEqual(ANSWERS - 1)
      expect(errors).toEqual([])
    }))

  test('goes on and on against our example', () =>
    onLane('veth', async (lane) => {
      await using server = await startServerOn(lane, 'ours', EXAMPLES, 'ipv4')
      await using client = startClientOn(lane, 'theirs', commands, 'ipv4', server, { flags: ['-loop'] })
      await client.line(/^Hi this is Jack : \)$/, ANSWERS)
    }))

  test('is outlasted by our own, which asks its server', () =>
    onLane('veth', async (lane) => {
      await using server = await startServerOn(lane, 'theirs', commands, 'ipv6')
      await using client = startClientOn(lane, 'ours', EXAMPLES, 'ipv6', server, { flags: ['-loop'] })
      await client.line(/^Hi this is Jack : \)$/, 50)
    }))
})

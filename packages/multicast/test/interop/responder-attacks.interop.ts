// What strangers can do to a server with bare packets: multicast protocol §13. Each is made against a node of ours, which
// must not mind, and against theirs, on which it works: so the attack is one.
import { randomBytes, x25519PublicKey } from '@mimirjs/crypto'
import { fromHex, toHex } from '@mimirjs/wire'
import { MulticastPacketType, SESSION_ID_BYTES } from '@mimirjs/wire/multicast'
import { describe, expect, inject, test } from 'vitest'
import type { Verdict } from '../../src/counters.js'
import { ANSWER, GREETING } from './support/actor-protocol.js'
import { type Lane, onLane, type Side } from './support/lanes.js'
import { CLIENT_PORT, commandsOf, OurNode, startServerOn, type Target } from './support/parties.js'
import { Stranger, type StrangerSession } from './support/stranger.js'

const { sessionInitiation: INITIATION, sessionData: DATA } = MulticastPacketType
const COUNTERPARTS = inject('counterparts')
const OURS = 'ours'
/** What a server says of itself before anything else. */
const HEAD_LINES = 3

/** Who is attacked. */
interface Victim extends Target {
  /** Whether it is ours. */
  readonly isOurs: boolean
  /** What it has delivered to its application, at least so much. */
  delivered(count: number): Promise<readonly string[]>
  /** Of ours only: how often. */
  count(...verdicts: readonly Verdict[]): Promise<number[]>
  /** Of theirs only: how it ended, with what it said. */
  ended(): Promise<{ readonly code: unknown; readonly said: string }>
  /** A further node on the other side; the first has the client's port, the others the next ones. */
  stranger(options?: { readonly seed?: Uint8Array }): Promise<Stranger>
}

const newId = (): Uint8Array => randomBytes(SESSION_ID_BYTES)
const newSessionKey = (): Uint8Array => x25519PublicKey(randomBytes(32))

/** A good initiation, the answer to which tells that all that was sent before has been judged. */
const marker = (stranger: Stranger, victim: Victim): Uint8Array =>
  stranger.initiation(victim, { id: newId(), sessionKey: newSessionKey() })

const typesOf = (packets: readonly Uint8Array[]): (number | undefined)[] => packets.map(([type]) => type)

type Attack = (victim: Victim) => Promise<void>

const ATTACKS: Readonly<Record<string, Attack>> = {
  // 2: theirs makes a new key, and the true client's data fails from then on.
  'an initiation is replayed into its session': async (victim) => {
    await using client = await victim.stranger()
    const secret = randomBytes(32)
    const initiation = client.initiation(victim, { id: newId(), sessionKey: x25519PublicKey(secret) })
    await client.send(victim, client.declaration(), initiation)
    const session = client.accept(secret, await client.hear(INITIATION))
    await client.ask(victim, session, GREETING)
    await client.send(victim, initiation, client.data(session, 'still there?'), marker(client, victim))
    const heard = await client.heard(2)
    expect(typesOf(heard)).toEqual(victim.isOurs ? [DATA, INITIATION] : [INITIATION, INITIATION])
    if (victim.isOurs) expect(await victim.count('drop:confirmed', 'deliver')).toEqual([1, 2])
  },

  // 3: ids are there for all to see; theirs gives the session to whoever says it last.
  'somebody else takes the id of a session': async (victim) => {
    await using client = await victim.stranger()
    await using thief = await victim.stranger()
    const session = await client.openSession(victim)
    await client.ask(victim, session, GREETING)
    const theft = thief.initiation(victim, { id: session.id, sessionKey: newSessionKey() })
    await thief.send(victim, thief.declaration(), theft, marker(thief, victim))
    const taken = victim.isOurs ? [INITIATION] : [INITIATION, INITIATION]
    expect(typesOf(await thief.heard(taken.length))).toEqual(taken)
    await client.send(victim, client.data(session, 'still there?'), marker(client, victim))
    const kept = victim.isOurs ? [DATA, INITIATION] : [INITIATION]
    expect(typesOf(await client.heard(kept.length))).toEqual(kept)
    if (victim.isOurs) expect(await victim.count('drop:session-id')).toEqual([1])
  },

  // 4: theirs prints it again, and again.
  'data is replayed': async (victim) => {
    await using client = await victim.stranger()
    const session = await client.openSession(victim)
    const data = client.data(session, GREETING)
    await client.send(victim, data, data, data, marker(client, victim))
    const heard = await client.heard(4)
    expect(typesOf(heard)).toEqual([DATA, DATA, DATA, INITIATION])
    const answers = heard.slice(0, 3)
    expect(answers.map((packet) => client.open(session, packet))).toEqual([ANSWER, ANSWER, ANSWER])
    expect(new Set(answers.map(toHex)).size).toBe(victim.isOurs ? 1 : 3)
    const texts = victim.isOurs ? [GREETING] : [GREETING, GREETING, GREETING]
    expect(await victim.delivered(texts.length)).toEqual(texts)
    if (victim.isOurs) expect(await victim.count('repeat')).toEqual([2])
  },

  // 5: both directions have one key; theirs answers itself.
  'its own data is sent back to it': async (victim) => {
    await using client = await victim.stranger()
    const session = await client.openSession(victim)
    const { packet } = await client.ask(victim, session, GREETING)
    await client.send(victim, packet, marker(client, victim))
    const answers = victim.isOurs ? [INITIATION] : [DATA, INITIATION]
    expect(typesOf(await client.heard(answers.length))).toEqual(answers)
    const texts = victim.isOurs ? [GREETING] : [GREETING, ANSWER]
    expect(await victim.delivered(texts.length)).toEqual(texts)
    if (victim.isOurs) expect(await victim.count('drop:reflected')).toEqual([1])
  },

  // 6: theirs keeps a session with a key of no bytes, and ends when data for it comes.
  'the ephemeral key gives everybody the same secret': async (victim) => {
    await using client = await victim.stranger()
    await client.send(victim, client.declaration())
    const points = victim.isOurs ? LOW_ORDER : LOW_ORDER.slice(0, 1)
    const ids = points.map(newId)
    const initiations = points.map((sessionKey, index) => client.initiation(victim, { id: at(ids, index), sessionKey }))
    if (victim.isOurs) {
      await client.send(victim, ...initiations, marker(client, victim))
      expect(typesOf(await client.heard(1))).toEqual([INITIATION])
      expect(await victim.count('drop:low-order', 'respond')).toEqual([points.length, 1])
      return
    }
    await client.send(victim, ...initiations)
    await client.hear(INITIATION)
    const nobodys: StrangerSession = { id: at(ids, 0), key: new Uint8Array(32) }
    await client.send(victim, client.data(nobodys, GREETING))
    const { code, said } = await victim.ended()
    expect(code).toBe(2)
    expect(said).toMatch(/^panic: crypto\/aes: invalid key size 0/m)
  },

  // 7: theirs sends to where the key declared itself last, were it years ago.
  'an old declaration is replayed': async (victim) => {
    const seed = randomBytes(32)
    await using before = await victim.stranger({ seed })
    await using now = await victim.stranger({ seed })
    await now.send(victim, before.declaration(), now.declaration())
    const session = await now.openSession(victim)
    await now.send(victim, before.declaration(), now.data(session, GREETING), marker(now, victim))
    const here = victim.isOurs ? [DATA, INITIATION] : [DATA]
    expect(typesOf(await now.heard(here.length))).toEqual(here)
    // Ours answers at the two newest places; what it says there is of no use without the key.
    expect(typesOf(await before.heard(1))).toContain(INITIATION)
  },

  // 8: theirs sends to whatever address is declared: unicast, port 53.
  'the declared address is no group': async (victim) => {
    await using client = await victim.stranger()
    const unicast = client.rawDeclaration(fromHex('20010db8000100000000000000000001'), client.port)
    const reflected = client.rawDeclaration(fromHex('20010db8000100000000000000000002'), client.port)
    const initiation = marker(client, victim)
    await client.send(victim, unicast, initiation, reflected, initiation, client.declaration(), marker(client, victim))
    const heard = victim.isOurs ? [INITIATION] : [INITIATION, INITIATION]
    expect(typesOf(await client.heard(heard.length))).toEqual(heard)
    if (victim.isOurs) {
      expect(await victim.count('drop:address', 'drop:unknown-peer', 'respond')).toEqual([2, 2, 1])
    }
  },

  // 9: they are not signed.
  'packets have more bytes than they should': async (victim) => {
    await using client = await victim.stranger()
    const longer = (packet: Uint8Array): Uint8Array => Uint8Array.of(...packet, 0xca, 0xfe)
    await client.send(victim, longer(client.declaration()), longer(marker(client, victim)))
    await client.send(victim, client.declaration(), marker(client, victim))
    const heard = victim.isOurs ? [INITIATION] : [INITIATION, INITIATION]
    expect(typesOf(await client.heard(heard.length))).toEqual(heard)
    if (victim.isOurs) expect(await victim.count('drop:length', 'register', 'respond')).toEqual([2, 1, 1])
  },

  // 15: everybody can sign for it.
  'the identity is a key of small order': async (victim) => {
    await using client = await victim.stranger()
    const nobody = new Uint8Array(115)
    nobody.set(client.declaration().subarray(0, 19))
    await client.send(victim, nobody, client.declaration(), marker(client, victim))
    await client.hear(INITIATION)
    if (victim.isOurs) expect(await victim.count('drop:key', 'register')).toEqual([1, 1])
  },

  'packets are wrong in every other way': async (victim) => {
    await using client = await victim.stranger()
    await using unknown = await victim.stranger()
    const session = await client.openSession(victim)
    const data = client.data(session, GREETING)
    const foreign = { publicKey: unknown.publicKey }
    await client.send(
      victim,
      new Uint8Array(),
      Uint8Array.of(3, 0, 0),
      tampered(client.declaration(), 2),
      client.declaration().subarray(0, 114),
      client.initiation(foreign, { id: newId(), sessionKey: newSessionKey() }),
      tampered(marker(client, victim), 100),
      marker(client, victim).subarray(0, 176),
      marker(unknown, victim),
      unknown.data({ id: newId(), key: newSessionKey() }, GREETING),
      data.subarray(0, 28),
      data.subarray(0, 29),
      data.subarray(0, 44),
      tampered(data, data.length - 1),
      randomBytes(1501).fill(DATA, 0, 1),
      randomBytes(60_000).fill(DATA, 0, 1),
    )
    expect(await client.ask(victim, session, GREETING)).toMatchObject({ text: ANSWER })
    expect(await victim.delivered(1)).toEqual([GREETING])
    if (!victim.isOurs) return
    const verdicts = ['drop:empty', 'drop:type', 'drop:signature', 'drop:destination', 'drop:unknown-peer'] as const
    expect(await victim.count(...verdicts)).toEqual([1, 1, 2, 1, 1])
    expect(await victim.count('drop:length', 'drop:unknown-session', 'drop:tag')).toEqual([7, 1, 1])
  },
}

/** All that give no secret, or only zeros: multicast protocol §5. */
const LOW_ORDER: readonly Uint8Array[] = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
].map(fromHex)

describe.concurrent.each([OURS, ...Object.keys(COUNTERPARTS)])('%s as server', (name) => {
  test.each(Object.entries(ATTACKS))('%s', (_name, attack) =>
    onLane('veth', (lane) => (name === OURS ? onOurs(lane, attack) : onTheirs(lane, name, attack))),
  )
})

async function onOurs(lane: Lane, attack: Attack): Promise<void> {
  await using node = await OurNode.open(lane, { group: 'ipv6' })
  await attack({
    address: node.address,
    publicKey: node.publicKey,
    isOurs: true,
    delivered: async () => (await node.look()).received,
    count: async (...verdicts) => {
      const { counters } = await node.look()
      return verdicts.map((verdict) => counters[verdict])
    },
    ended: () => Promise.reject(new Error('ours never does')),
    stranger: strangersOf(lane, 'theirs'),
  })
  expect((await node.look()).errors).toEqual([])
}

async function onTheirs(lane: Lane, name: string, attack: Attack): Promise<void> {
  const programs = COUNTERPARTS[name]
  if (programs === undefined) throw new Error(`no counterpart ${name}`)
  await using server = await startServerOn(lane, 'theirs', commandsOf(programs), 'ipv6')
  const { program, address, publicKey } = server
  await attack({
    address,
    publicKey,
    isOurs: false,
    delivered: async (count) => {
      await program.line(/^/, HEAD_LINES + count)
      return program.stdout.slice(HEAD_LINES)
    },
    count: () => Promise.reject(new Error('theirs does not count')),
    ended: async () => ({ code: await program.ended, said: program.said }),
    stranger: strangersOf(lane, 'ours'),
  })
}

function strangersOf(lane: Lane, side: Side): Victim['stranger'] {
  let port = CLIENT_PORT
  return async (options) => Stranger.open(await lane.actor(side), lane.interface, { port: port++, ...options })
}

function tampered(packet: Uint8Array, index: number): Uint8Array {
  const copy = packet.slice()
  copy[index] = (copy[index] ?? 0) ^ 1
  return copy
}

function at<T>(list: readonly T[], index: number): T {
  const item = list[index]
  if (item === undefined) throw new Error(`nothing at ${index}`)
  return item
}

import { createRandom } from '@mimirjs/transport/testing'
import { encodeB64u, encodeLinkFrame } from '@mimirjs/wire/rendezvous'
import { expect, test } from 'vitest'
import { type Client, envelope, NAME, person, proof, relay, type ServerWorld, serverWorld } from './support.js'

const PEOPLE = [1, 2, 3, 4].map(person)
const LIMITS = {
  connections: 40,
  connectionsPerAddress: 15,
  unauthenticated: 6,
  envelopesBurst: 8,
  refusals: 5,
  framesBurst: 30,
  remembered: 4,
}

/** What holds at every moment, whatever was said. */
function checkBounds(world: ServerWorld, open: ReadonlySet<Client>): void {
  const { hub, profile } = world
  const alive = [...open].filter(({ closedWith }) => closedWith === undefined)
  expect(hub.size).toBe(alive.length)
  expect(hub.authenticatedSize).toBe(profile.ready.size)
  expect(hub.size - hub.authenticatedSize).toBeLessThanOrEqual(LIMITS.unauthenticated)
  expect(profile.ready.size).toBeLessThanOrEqual(PEOPLE.length)
  expect(open.size).toBeLessThanOrEqual(LIMITS.connections)
}

test.each([1, 2, 3, 4, 5, 6])(
  'whatever is said, in whatever order: bounds hold and nothing throws (seed %i)',
  (seed) => {
    const random = createRandom(seed)
    const world = serverWorld({ limits: LIMITS })
    const open = new Set<Client>()
    const known = new Map<Client, (typeof PEOPLE)[number]>()
    const pick = <T>(things: readonly T[]): T => {
      const thing = things[random.integer(things.length)]
      if (thing === undefined) throw new RangeError('nothing to pick')
      return thing
    }
    const mangled = (text: string): string => {
      const at = random.integer(text.length)
      const kinds = [
        text.slice(0, at),
        text + text,
        text.slice(0, at) + pick(['"', '{', '\0', '\ud800', 'A']) + text.slice(at + 1),
      ]
      return pick(kinds)
    }
    const frame = (client: Client): string => {
      const who = pick(PEOPLE)
      const last = client.frames.length > 0 ? client.last : undefined
      const nonce = last?.type === 'prove-auth' ? last.nonce : random.bytes(32)
      const expMs = world.nowMs + random.integer(400_000) - 100_000
      return pick([
        () => encodeLinkFrame({ type: 'auth', peer: who.publicKey }),
        () => proof(who, nonce, NAME),
        () => proof(who, nonce, NAME),
        () => relay(envelope({ from: who, to: pick(PEOPLE.filter((other) => other !== who)).publicKey, expMs })),
        () => relay(encodeB64u(random.bytes(170 + random.integer(300)))),
        () => `{"type":"ping","n":${random.integer(9)}}`,
        () => '{"type":"what"}',
        () => JSON.stringify({ type: pick(['auth', 'auth-proof', 'relay-msg', 'pong', 'error']), v: 1 }),
      ])()
    }
    const honest = (client: Client): string => {
      const from = known.get(client) ?? pick(PEOPLE)
      const to = pick(PEOPLE.filter((other) => other !== from)).publicKey
      return relay(envelope({ from, to, expMs: world.nowMs + 60_000 }))
    }
    for (let step = 0; step < 3_000; step++) {
      const client = open.size > 0 ? pick([...open]) : undefined
      const dice = random.integer(100)
      if (client === undefined || dice < 15) {
        const source = pick(['a', 'b', 'c'])
        if (!world.hub.admits(source, world.nowMs)) continue
        const who = pick(PEOPLE)
        const arrived = random.chance(0.3) ? world.logIn(who, { source }) : world.connect({ source })
        open.add(arrived)
        known.set(arrived, who)
      } else if (dice < 20) {
        if (client.connection !== undefined) world.hub.gone(client.connection)
        open.delete(client)
        client.closedWith ??= 0
      } else if (dice < 25) world.advance(random.integer(20_000))
      else if (dice < 30) client.bufferedBytes = random.integer(2_000_000)
      else if (dice < 40) world.say(client, mangled(frame(client)))
      else if (dice < 75) world.say(client, honest(client))
      else world.say(client, frame(client))
      for (const closed of [...open].filter(({ closedWith }) => closedWith !== undefined))
        if (random.chance(0.3) && closed.connection !== undefined) {
          world.hub.gone(closed.connection)
          open.delete(closed)
        }
      checkBounds(world, open)
    }
    expect(world.counters.logins).toBeGreaterThan(20)
    expect(world.counters.envelopes.relayed).toBeGreaterThan(5)
    world.hub.shutdown()
    for (const client of open) if (client.connection !== undefined) world.hub.gone(client.connection)
    expect([world.hub.size, world.profile.ready.size, world.hub.nextDeadlineMs]).toEqual([0, 0, Infinity])
    expect(world.hub.admits('d', world.nowMs)).toBe(true)
  },
)

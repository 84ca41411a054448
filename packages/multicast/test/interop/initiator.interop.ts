// A node of ours opens sessions with their server, whatever the line does to what we send and hear.
import { MulticastPacketType } from '@mimirjs/wire/multicast'
import { describe, expect, inject, test } from 'vitest'
import { ANSWER, GREETING } from './support/actor-protocol.js'
import type { Fault } from './support/faults.js'
import { onLane, PLACES } from './support/lanes.js'
import { CLIENT_PORT, commandsOf, FAMILIES, OurNode, startServerOn, urlOf } from './support/parties.js'

const FAULTS: Readonly<Record<string, readonly Fault[]>> = {
  'a clean line': [],
  'the first declaration lost': [
    { on: 'write', does: 'lose', type: MulticastPacketType.addressDeclaration, which: 'first' },
  ],
  'the first initiation lost': [
    { on: 'write', does: 'lose', type: MulticastPacketType.sessionInitiation, which: 'first' },
  ],
  // The server answers the next initiation with another key: only that one is in its table.
  'the first response lost': [
    { on: 'read', does: 'lose', type: MulticastPacketType.sessionInitiation, which: 'first' },
  ],
  'the first request lost': [{ on: 'write', does: 'lose', type: MulticastPacketType.sessionData, which: 'first' }],
  'the first answer lost': [{ on: 'read', does: 'lose', type: MulticastPacketType.sessionData, which: 'first' }],
  'everything doubled': [
    { on: 'write', does: 'double', which: 'all' },
    { on: 'read', does: 'double', which: 'all' },
  ],
  // Of each type: with one count for all, always the same one of a pair would be lost.
  'every second datagram lost': [
    { on: 'write', does: 'lose', which: 'odd' },
    { on: 'read', does: 'lose', which: 'odd' },
  ],
}

/** Short, for the many attempts. */
const UNIT_MS = 250

describe.concurrent.each(Object.entries(inject('counterparts')))(
  'a node of ours and the server of the %s',
  (_, programs) => {
    const cases = PLACES.flatMap((place) =>
      FAMILIES.flatMap((family) => Object.entries(FAULTS).map(([name, faults]) => ({ place, family, name, faults }))),
    )
    test.each(cases)('$place, $family, $name', ({ place, family, faults }) =>
      onLane(place, async (lane) => {
        await using server = await startServerOn(lane, 'theirs', commandsOf(programs), family)
        await using node = await OurNode.open(lane, { group: family, port: CLIENT_PORT, unitMs: UNIT_MS, faults })
        const session = await node.connect(urlOf(server))
        expect(await session.request(GREETING)).toBe(ANSWER)
        await server.program.line(/^Hello server, how are you\?$/)
        expect(await session.request('And how are you now?')).toBe(ANSWER)
        await server.program.line(/^And how are you now\?$/)
        const { counters, received, errors } = await node.look()
        expect(counters).toMatchObject({ open: 1 })
        // The server answers each copy of a request. A node that answered those would never hear the end of it.
        expect(received).toEqual([])
        expect(errors).toEqual([])
      }),
    )

    test.each(FAMILIES)('in the mode of the originals, %s', (family) =>
      onLane('veth', async (lane) => {
        await using server = await startServerOn(lane, 'theirs', commandsOf(programs), family)
        await using node = await OurNode.open(lane, { group: family, port: CLIENT_PORT, mode: 'original' })
        const session = await node.connect(urlOf(server))
        expect(await session.request(GREETING)).toBe(ANSWER)
      }),
    )
  },
)

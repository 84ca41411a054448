// Their client opens sessions with a node of ours. It takes one datagram at a time and ends with any that it did not
// expect, so that a line can do things to it that no server could mend: those are here too.
import { MulticastPacketType } from '@mimirjs/wire/multicast'
import { describe, expect, inject, test } from 'vitest'
import { ANSWER, GREETING } from './support/actor-protocol.js'
import type { Fault } from './support/faults.js'
import { onLane, PLACES } from './support/lanes.js'
import { commandsOf, FAMILIES, OurNode, startClientOn } from './support/parties.js'

const { addressDeclaration, sessionInitiation, sessionData } = MulticastPacketType

/** What it copes with. */
const FAULTS: Readonly<Record<string, readonly Fault[]>> = {
  'a clean line': [],
  'the first declaration lost': [{ on: 'read', does: 'lose', type: addressDeclaration, which: 'first' }],
  'the first initiation lost': [{ on: 'read', does: 'lose', type: sessionInitiation, which: 'first' }],
  'the first response lost': [{ on: 'write', does: 'lose', type: sessionInitiation, which: 'first' }],
  // Not what we answer to its initiation: see below.
  'everything doubled that we hear, and our data': [
    { on: 'read', does: 'double', which: 'all' },
    { on: 'write', does: 'double', type: sessionData, which: 'all' },
  ],
  'every second datagram lost until it is open': [
    { on: 'read', does: 'lose', type: addressDeclaration, which: 'odd' },
    { on: 'read', does: 'lose', type: sessionInitiation, which: 'odd' },
    { on: 'write', does: 'lose', type: sessionInitiation, which: 'odd' },
  ],
}

/** What ends it. */
const FATAL: Readonly<Record<string, readonly Fault[]>> = {
  'a second response': [{ on: 'write', does: 'double', type: sessionInitiation, which: 'first' }],
  'a lost request': [{ on: 'read', does: 'lose', type: sessionData, which: 'first' }],
  'a lost answer': [{ on: 'write', does: 'lose', type: sessionData, which: 'first' }],
}

describe.concurrent.each(Object.entries(inject('counterparts')))(
  'the client of the %s and a node of ours',
  (_, programs) => {
    const commands = commandsOf(programs)
    const cases = PLACES.flatMap((place) =>
      FAMILIES.flatMap((family) => Object.entries(FAULTS).map(([name, faults]) => ({ place, family, name, faults }))),
    )
    test.each(cases)('$place, $family, $name', ({ place, family, faults }) =>
      onLane(place, async (lane) => {
        await using node = await OurNode.open(lane, { group: family, faults })
        await using client = startClientOn(lane, 'theirs', commands, family, node)
        expect(await client.ended, client.said).toBe(0)
        expect(client.stdout).toContain(ANSWER)
        const { counters, received, errors } = await node.look()
        expect(received).toEqual([GREETING])
        expect(counters).toMatchObject({ respond: 1, deliver: 1 })
        expect(errors).toEqual([])
      }),
    )

    test.each(FAMILIES)('in the mode of the originals, %s', (family) =>
      onLane('veth', async (lane) => {
        await using node = await OurNode.open(lane, { group: family, mode: 'original' })
        await using client = startClientOn(lane, 'theirs', commands, family, node)
        expect(await client.ended, client.said).toBe(0)
        expect(client.stdout).toContain(ANSWER)
      }),
    )

    test.each(Object.entries(FATAL))('%s ends it, and its next start succeeds', (_name, faults) =>
      onLane('veth', async (lane) => {
        await using node = await OurNode.open(lane, { group: 'ipv6', faults })
        await using first = startClientOn(lane, 'theirs', commands, 'ipv6', node)
        expect(await first.ended).toBe(1)
        expect(first.stdout).not.toContain(ANSWER)
        // With the same key and group.
        await using second = startClientOn(lane, 'theirs', commands, 'ipv6', node, { folder: first.folder })
        expect(await second.ended, second.said).toBe(0)
        expect(second.stdout).toContain(ANSWER)
      }),
    )
  },
)

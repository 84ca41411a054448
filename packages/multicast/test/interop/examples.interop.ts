// Our two example programs against theirs, told the same on their command lines.
import { describe, expect, inject, test } from 'vitest'
import { ANSWER } from './support/actor-protocol.js'
import { onLane, PLACES } from './support/lanes.js'
import { commandsOf, EXAMPLES, FAMILIES, startClientOn, startServerOn } from './support/parties.js'

const CASES = PLACES.flatMap((place) => FAMILIES.map((family) => ({ place, family })))

describe.concurrent.each(Object.entries(inject('counterparts')))('our examples and the %s', (_, programs) => {
  const theirs = commandsOf(programs)
  const pairs = [
    { name: 'our client, their server', server: theirs, client: EXAMPLES },
    { name: 'their client, our server', server: EXAMPLES, client: theirs },
  ] as const
  const cases = pairs.flatMap((pair) => CASES.map((place) => ({ ...pair, ...place })))
  test.each(cases)('$name, $place, $family', ({ server, client, place, family }) =>
    onLane(place, async (lane) => {
      const isOurServer = server === EXAMPLES
      await using started = await startServerOn(lane, isOurServer ? 'ours' : 'theirs', server, family)
      await using asking = startClientOn(lane, isOurServer ? 'theirs' : 'ours', client, family, started)
      expect(await asking.ended, asking.said).toBe(0)
      expect(asking.stdout).toEqual([
        expect.stringMatching(/^my addr: /),
        expect.stringMatching(/^my publ: [0-9a-f]{64}$/),
        ANSWER,
      ])
      await started.program.line(/^Hello server, how are you\?$/)
    }),
  )
})

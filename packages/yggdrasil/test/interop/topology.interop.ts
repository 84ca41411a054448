// Lines and rings in which ours and theirs take turns.
import { expect, test } from 'vitest'
import { GoMember, hex, type Member, numberedSeed, OurMember, startOurs, until } from './support/members.js'
import { allPairs, startLine } from './support/network.js'

/** The record of a root, and the filters after it, take a tick of one second for each hop. */
const GROWN_MS = 25_000
/** Two ticks of grace before a node without a way to the root becomes one, then as above. */
const HEALED_MS = 25_000
/** Silence is noticed after 3 s by theirs and 10 s by ours. */
const NOTICED_MS = 12_000

const LINES: readonly (readonly Member['kind'][])[] = [
  ['ours', 'go', 'ours', 'go', 'go', 'ours'],
  ['go', 'ours', 'ours', 'go', 'ours', 'go'],
]

const rootsOfOurs = (members: readonly Member[]): Set<string> =>
  new Set(members.flatMap((member) => (member instanceof OurMember ? [hex(member.node.tree().root)] : [])))

const lowestKey = (members: readonly Member[]): string => members.map(({ publicKey }) => publicKey).sort()[0] ?? ''

test.each(LINES.map((kinds) => [kinds.join('-'), kinds] as const))('a line %s', async (_, kinds) => {
  const members = await startLine(kinds, (index) => numberedSeed(100 + index))
  await allPairs(members, GROWN_MS)
  expect(rootsOfOurs(members)).toEqual(new Set([lowestKey(members)]))
})

async function startRing(kinds: readonly Member['kind'][]): Promise<Member[]> {
  const members = await startLine(kinds, (index) => numberedSeed(200 + index))
  await members[0]?.addPeer(members.at(-1)?.listening[0] ?? '')
  await allPairs(members, GROWN_MS)
  return members
}

const RING = ['ours', 'go', 'ours', 'go', 'ours', 'go'] as const

test.each([1, 2, 3, 4, 5])('a ring heals when its link %i is cut', async (cut) => {
  const members = await startRing(RING)
  await members[cut]?.removePeer(members[cut - 1]?.listening[0] ?? '')
  await allPairs(members, HEALED_MS)
  expect(rootsOfOurs(members)).toEqual(new Set([lowestKey(members)]))
})

test('a ring heals around a node that falls silent', async () => {
  const members = await startRing(RING)
  const silent = members[3]
  if (!(silent instanceof GoMember)) throw new Error('number 3 should be one of theirs')
  process.kill(silent.node.pid, 'SIGSTOP')
  await allPairs(
    members.filter((member) => member !== silent),
    NOTICED_MS + HEALED_MS,
  )
})

test('a leaf of ours takes its other peer when the first one is gone', async () => {
  const [first, second] = await startLine(['go', 'go'])
  if (first === undefined || second === undefined) throw new Error('two were started')
  const leaf = await startOurs({ peers: [first.listening[0] ?? '', second.listening[0] ?? ''], transit: false })
  await allPairs([first, second, leaf], GROWN_MS)
  expect(
    leaf.node
      .peers()
      .map(({ state }) => state)
      .sort(),
  ).toEqual(['standby', 'up'])
  const up = leaf.node.peers().find(({ state }) => state === 'up')
  const [gone, left] = up?.uri === first.listening[0] ? [first, second] : [second, first]
  await gone.stop()
  await until('the other one is up', () =>
    leaf.node.peers().some(({ state, uri }) => state === 'up' && uri === left.listening[0]),
  )
  await allPairs([left, leaf], HEALED_MS)
})

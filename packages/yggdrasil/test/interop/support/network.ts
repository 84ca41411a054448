// Networks of both kinds of nodes, and whether everybody reaches everybody.
import { expect } from 'vitest'
import { unreached } from '../../../../../interop/yggdrasil/mesh.js'
import { type Member, startMember } from './members.js'

/**
 * A row in which each one dials the one before.
 * @param kinds - of its members
 */
export async function startLine(
  kinds: readonly Member['kind'][],
  seed?: (index: number) => Uint8Array,
): Promise<Member[]> {
  const members: Member[] = []
  for (const [index, kind] of kinds.entries()) {
    const before = members.at(-1)?.listening[0]
    members.push(
      await startMember(kind, {
        listen: ['tcp://127.0.0.1:0'],
        ...(before === undefined ? {} : { peers: [before] }),
        ...(seed === undefined ? {} : { seed: seed(index) }),
      }),
    )
  }
  return members
}

/** @returns milliseconds until everybody had reached everybody */
export async function allPairs(members: readonly Member[], timeoutMs: number): Promise<number> {
  const startMs = performance.now()
  expect(await unreached(members, timeoutMs)).toEqual([])
  return performance.now() - startMs
}

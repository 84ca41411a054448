// Twenty nodes in a random graph, of which some die, come back, and change their links; then everybody reaches everybody.
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, inject, onTestFinished, test } from 'vitest'
import { Mesh } from '../../../../interop/yggdrasil/mesh.js'
import { allPairs } from './support/network.js'

const NODES = 20
const CHANGES = 16
const CHANGE_EVERY_MS = 750
const REACHED_MS = 40_000

test.each([1, 2])('seed %i', { timeout: 180_000 }, async (seed) => {
  const mesh = await Mesh.start({ program: inject('goPrograms').node, nodes: NODES, seed })
  onTestFinished(() => mesh.stop())
  for (let change = 0; change < CHANGES; change++) {
    await mesh.change()
    await sleep(CHANGE_EVERY_MS)
  }
  await allPairs(mesh.members, REACHED_MS)
  expect(mesh.rootsOfOurs).toEqual(new Set([mesh.root]))
})

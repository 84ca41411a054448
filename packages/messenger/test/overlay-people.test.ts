// How people find each other on an overlay of real nodes.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { createSigner, generateSeed } from '@mimirjs/crypto'
import { loadKeyFile } from '@mimirjs/crypto/keyfile'
import { expect, test } from 'vitest'
import { listenKnown, Overlay, openPerson, talk } from './support/overlay.js'
import { newFolder } from './support/world.js'

/** A tracker that nobody reaches. */
const NOBODY = `ygg://${'00'.repeat(31)}01:69`

test('at a tracker; and again when their node has another key', async () => {
  const net = await Overlay.start()
  const trackers = [await net.tracker()]
  const [alice, folder] = [await net.person({ trackers }), newFolder()]
  const bob = await net.person({ trackers }, folder)
  const before = await listenKnown(bob)
  await talk(alice, bob, 'found')
  await bob.close()

  // Somebody else has the old key now, and is no Bob.
  const file = join(folder, 'node.key')
  const eve = await openPerson(newFolder(), { overlay: await net.node(loadKeyFile(file).seed) })
  expect(await eve.listen()).toBe(before)
  rmSync(file)
  const moved = await net.person({ trackers }, folder)
  expect(await listenKnown(moved)).not.toBe(before)
  await talk(alice, moved, 'found again')
  expect(moved.publicKey).toBe(bob.publicKey)
  expect(await eve.conversations()).toEqual([])
})

test('nobody knows an address: the key of the person is tried as that of a node', async () => {
  const net = await Overlay.start()
  const trackers = [await net.tracker()]
  const seed = generateSeed()
  const bob = await openPerson(newFolder(), { overlay: await net.node(seed), signer: createSigner(seed) })
  await bob.listen()
  const askers = await Promise.all([{}, { trackers }, { trackers: [NOBODY] }].map((options) => net.person(options)))
  await Promise.all(askers.map(async (alice) => alice.whenDelivered(await alice.send(bob.publicKey, 'by chance'))))
  expect(await bob.conversations()).toHaveLength(3)
})

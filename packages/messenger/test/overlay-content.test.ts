// What people do on an overlay of real nodes: files, and groups.
import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Metrics } from '../src/index.js'
import { Overlay, talk } from './support/overlay.js'
import { collect, newFolder } from './support/world.js'

test('files go both ways, also to who does not listen; every byte is counted', async () => {
  const net = await Overlay.start()
  const counted = new Map<string, number>()
  const metrics: Metrics = {
    count: (name, by) => void counted.set(name, (counted.get(name) ?? 0) + by),
    observe() {},
    gauges: () => () => {},
  }
  const [alice, bob] = [await net.person({ metrics }), await net.person()]
  alice.addAddress(bob.publicKey, await bob.listen())
  const folder = newFolder()
  const bytes = new Uint8Array(1_500_000).map((_, i) => (i * 31) >>> 3)
  const path = join(folder, 'big.bin')
  writeFileSync(path, bytes)
  for (const [from, to] of [
    [alice, bob],
    [bob, alice],
  ] as const) {
    const arrived = collect(to, 1)
    await from.send(to.publicKey, { file: { path } })
    const [message] = await arrived
    const file = await message!.download({ to: folder })
    expect(statSync(file.path).size).toBe(bytes.length)
  }
  // A text of that length, to who did not listen.
  await talk(bob, alice, 'x'.repeat(200_000))
  expect((await alice.health()).listening).toEqual([])
  expect(counted.get('network.sent')).toBeGreaterThan(bytes.length)
  expect(counted.get('network.received')).toBeGreaterThan(bytes.length)
})

test('a group at a mediator of the overlay', async () => {
  const net = await Overlay.start()
  const mediators = [await net.mediator()]
  const [ann, ben] = [
    await net.person({ name: 'Ann', mediators }),
    await net.person({ name: 'Ben', mediators, groupInvites: () => true }),
  ]
  const garden = await ann.createGroup({ name: 'Garden' })
  const joined = new Promise((resolve) => ben.on('group', ({ change }) => change === 'joined' && resolve(change)))
  await garden.invite(ben.publicKey)
  await joined
  const [heard, answered] = [collect(ben, 1), collect(ann, 1)]
  await ann.whenDelivered(await garden.send('who waters?'))
  expect((await heard)[0]).toMatchObject({ text: 'who waters?', from: ann.publicKey, group: { id: garden.id } })
  await ben.send(garden.id, 'I do')
  expect((await answered)[0]).toMatchObject({ text: 'I do', from: ben.publicKey })
  expect((await ben.health()).mediators).toBe(1)
})

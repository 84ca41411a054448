import type { Messenger, NearbyEvent } from '@mimirjs/messenger'
import { expect, test } from 'vitest'
import { reportNearby } from '../../src/commands/listen-nearby.js'

test('who came before anybody listened is told of, and goes after they came', async () => {
  const [peer, address] = ['ab'.repeat(32), 'mp2p://there']
  let hear: (event: NearbyEvent) => void = () => {}
  const messenger = {
    nearby: () => [{ peer, address, contact: true }],
    contacts: async () => [{ peer, kind: 'contact', name: 'Ann' }],
    on: (_: string, listener: typeof hear) => {
      hear = listener
    },
  }
  const told: string[] = []
  reportNearby(messenger as unknown as Messenger, (_, text) => void told.push(text))
  hear({ peer, address, state: 'lost' })
  await expect.poll(() => told).toEqual(['Ann is nearby', 'Ann is no longer nearby'])
})

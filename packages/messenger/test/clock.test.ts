import { wallClock } from '@mimirjs/transport'
import { expect, test } from 'vitest'
import type { ContactRequest } from '../src/index.js'
import { createWorld } from './support/world.js'

test('who asks again after our clock was set back is heard', async () => {
  let offsetMs = 0
  const clock = { nowMs: () => wallClock.nowMs() + offsetMs, schedule: wallClock.schedule }
  const world = createWorld()
  const { messenger: ann, address } = await world.person({ generation: 'current', clock })
  await ann.listen(address)
  const heard: string[] = []
  let wake: () => void = () => {}
  ann.on('contactRequest', ({ message }: ContactRequest) => {
    heard.push(message)
    wake()
  })
  const next = (): Promise<void> =>
    new Promise((resolve) => {
      wake = resolve
    })
  const { messenger: ben } = await world.person({ generation: 'current' })
  ben.addAddress(ann.publicKey, address)
  for (const message of ['please', 'pretty please']) {
    const hearing = next()
    await ben.requestContact(ann.publicKey, { message })
    await hearing
    offsetMs -= 3_600_000
  }
  expect(heard).toEqual(['please', 'pretty please'])
})

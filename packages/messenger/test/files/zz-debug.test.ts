import { tcp } from '@mimirjs/transport/tcp'
import { createRandom, faultyStreams } from '@mimirjs/transport/testing'
import { test } from 'vitest'
import { NetworkPerson } from './support/network.js'

const bytes = createRandom(13).bytes(3_000_000)
test('x', async () => {
  const inner = tcp()
  const bad = faultyStreams(inner, { cutAfterBytes: 500_000, splitBytes: 30_000 }, { seed: 14 })
  const log = (who: string) => ({
    debug: (f: object, m: string) => void [who, m, f],
    info: (f: object, m: string) => void [who, m, f],
    warn: (f: object, m: string) => void [who, m, f],
    error: (f: object, m: string) => void [who, m, f],
  })
  const ann = new NetworkPerson({ transport: inner, peer: { logger: log('ann') } })
  const ben = new NetworkPerson({ transport: bad, limits: { rangeBytes: 400_000 }, peer: { logger: log('ben') } })
  const dial = bad.dial.bind(bad)
  bad.dial = (...a) => {
    console.log('dial')
    return dial(...a)
  }
  ben.addresses.set(ann.person.key, await ann.listen('tcp://127.0.0.1:0'))
  const message = await ann.person.send(ben.person.key, { bytes, name: 'a' })
  await ben.person.receive(ann.person.key, message)
  const done = ben.person.transfers.download(ann.person.key, message.guid)
  done.catch(() => {})
  await Promise.race([done, new Promise((r) => setTimeout(r, 3000))])
  console.log(
    ben.person.events.at(-1),
    ben.connections.length,
    ann.connections.map((c) => [c.windowFor(1e6), c.closed]),
  )
})

import { readFileSync } from 'node:fs'
import { fromHex } from '@mimirjs/wire'
import { expect, test } from 'vitest'
import { Counters } from '../../src/server/counters.js'
import { Hub } from '../../src/server/hub.js'
import { serverLimitsOf } from '../../src/server/limits.js'
import { RendezvousProfile } from '../../src/server/rendezvous.js'
import { Client } from './support.js'

interface Said {
  readonly connection: number
  readonly frame?: string
  readonly close?: number
}

interface Sequence {
  readonly name: string
  readonly serverName: string
  readonly nowMs: number
  readonly nonces: readonly string[]
  readonly steps: readonly { readonly connection: number; readonly in: string; readonly out: readonly Said[] }[]
}

const sequences = JSON.parse(
  readFileSync(new URL('../../../../vectors/sequences/rendezvous-server.json', import.meta.url), 'utf8'),
) as Sequence[]

test.each(sequences)('server sequence $name', ({ serverName, nowMs, nonces, steps }) => {
  const [limits, counters] = [serverLimitsOf(), new Counters()]
  const hub = new Hub(limits, counters, () => {})
  const left = nonces.map((nonce) => fromHex(nonce))
  const profile = new RendezvousProfile({
    names: [serverName],
    limits,
    counters,
    randomBytes: () => left.shift() ?? new Uint8Array(32),
    wallNowMs: () => nowMs,
  })
  const clients = new Map<number, Client>()
  const clientOf = (number: number): Client => {
    const found = clients.get(number) ?? new Client()
    if (!clients.has(number))
      found.connection = hub.connect(found, { source: '192.0.2.1', host: undefined, profile }, nowMs)
    clients.set(number, found)
    return found
  }
  for (const { connection, in: text, out } of steps) {
    const client = clientOf(connection)
    client.connection?.received(text, text.length, nowMs)
    const said: Said[] = []
    for (const [number, other] of clients) {
      for (const frame of other.taken()) said.push({ connection: number, frame })
      if (other.closedWith === undefined) continue
      said.push({ connection: number, close: other.closedWith })
      clients.delete(number)
    }
    expect([text, said]).toEqual([text, out])
  }
  expect(steps.length).toBeGreaterThan(10)
})

import { readFileSync } from 'node:fs'
import { fromHex, toHex } from '@mimirjs/wire'
import { decodeSyncRecord } from '@mimirjs/wire/tracker'
import { describe, expect, test } from 'vitest'
import { verifyRecord } from '../src/verify.js'
import { machineWith } from './support.js'
import { currentMachine } from './support-current.js'

interface MessageVector {
  readonly name: string
  readonly codec: string
  readonly hex: string
  readonly result: 'valid' | 'lenient' | 'invalid'
}

interface RecordVector {
  readonly name: string
  readonly publicKey: string
  readonly message: string
  readonly signature: string
  readonly valid: boolean
}

interface Sequence {
  readonly name: string
  readonly lines: readonly {
    readonly atMs: number
    readonly node: string
    readonly request: string
    readonly answer: string | null
    readonly note?: string
  }[]
}

function vectors<T>(file: string): T[] {
  return JSON.parse(readFileSync(new URL(`../../../vectors/${file}`, import.meta.url), 'utf8')) as T[]
}

function requests(file: string): MessageVector[] {
  return vectors<MessageVector>(`tracker/${file}`).filter(({ codec }) => codec.endsWith('Request'))
}

describe('published requests of the classic generation', () => {
  test.each(requests('udp.json'))('$name', ({ hex, result }) => {
    const { machine, ask } = machineWith()
    const answer = ask(fromHex(hex))
    if (result === 'invalid') expect(answer).toBeUndefined()
    else expect(answer).toBeDefined()
    expect(machine.counters.malformed).toBe(result === 'invalid' ? 1 : 0)
  })
})

describe.each(['datagram-v1.json', 'datagram-v2.json'])('published requests of the current generation: %s', (file) => {
  test.each(requests(file))('$name', ({ hex, result }) => {
    const { machine, ask } = currentMachine()
    const answer = ask(fromHex(hex), 3)
    if (result === 'invalid') expect(answer).toBeUndefined()
    else expect(answer).toBeDefined()
    expect(machine.counters.malformed).toBe(result === 'invalid' ? 1 : 0)
  })
})

describe('published conversations', () => {
  test.each(vectors<Sequence>('sequences/tracker.json'))('$name', ({ lines }) => {
    const { machine } = currentMachine()
    for (const { atMs, node, request, answer, note } of lines) {
      const from = { address: `ygg://${node}:69`, host: node }
      const reaction = machine.receive(fromHex(request), from, 1_700_000_000_000 + atMs)
      const bytes = reaction instanceof Uint8Array ? reaction : reaction?.acknowledgement
      expect(bytes === undefined ? null : toHex(bytes), note).toBe(answer)
    }
  })
})

describe('published records', () => {
  const records = vectors<RecordVector>('crypto/tracker-records.json')
  test.each(records)('$name', ({ publicKey, message, signature, valid }) => {
    expect(verifyRecord(fromHex(signature), fromHex(message), fromHex(publicKey))).toBe(valid)
  })

  const passedOn = vectors<MessageVector>('tracker/sync.json').filter(
    ({ codec, result }) => codec === 'tracker.sync.tlvRecord' && result === 'valid',
  )
  test.each(passedOn)('passed on: $name', ({ hex }) => {
    const { signature, address, publicKey } = decodeSyncRecord(fromHex(hex))
    expect(verifyRecord(signature, address, publicKey)).toBe(true)
  })
})

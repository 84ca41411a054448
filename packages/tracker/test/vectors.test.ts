import { readFileSync } from 'node:fs'
import { fromHex } from '@mimirjs/wire'
import { describe, expect, test } from 'vitest'
import { verifyRecord } from '../src/verify.js'
import { machineWith } from './support.js'

interface DatagramVector {
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

function vectors<T>(file: string): T[] {
  return JSON.parse(readFileSync(new URL(`../../../vectors/${file}`, import.meta.url), 'utf8')) as T[]
}

describe('published requests', () => {
  const requests = vectors<DatagramVector>('tracker/udp.json').filter(({ codec }) => codec.endsWith('Request'))
  test.each(requests)('$name', ({ hex, result }) => {
    const { machine, ask } = machineWith()
    const answer = ask(fromHex(hex))
    if (result === 'invalid') expect(answer).toBeUndefined()
    else expect(answer).toBeDefined()
    expect(machine.counters.malformed).toBe(result === 'invalid' ? 1 : 0)
  })
})

describe('published records', () => {
  const records = vectors<RecordVector>('crypto/tracker-records.json')
  test.each(records)('$name', ({ publicKey, message, signature, valid }) => {
    expect(verifyRecord(fromHex(signature), fromHex(message), fromHex(publicKey))).toBe(valid)
  })
})

import { readFileSync } from 'node:fs'
import { fromHex } from '@mimirjs/wire'
import { decodeGetAddrsResponse } from '@mimirjs/wire/tracker'
import { expect, test } from 'vitest'
import { POLICIES } from '../src/policy.js'
import { readRecords } from '../src/record.js'
import { found, identity } from './support.js'

interface Vector {
  readonly name: string
  readonly codec: string
  readonly hex: string
  readonly result: string
  readonly value?: { readonly records: readonly { readonly address: string; readonly port: number }[] }
}

const vectors = JSON.parse(
  readFileSync(new URL('../../../vectors/tracker/udp.json', import.meta.url), 'utf8'),
) as Vector[]
const answers = vectors.filter(({ codec, result }) => codec.endsWith('getAddrsResponse') && result === 'valid')

/** Records that the user of the vectors did not sign. */
const FORGED: Record<string, number> = { 'resolve-response-mixed': 1 }

test.each(answers)('published answer $name', ({ name, hex, value }) => {
  const { records } = decodeGetAddrsResponse(fromHex(hex))
  const { addresses } = readRecords(records.map(found), identity(1).publicKey, POLICIES.classic, 16, 0)
  const distinct = new Set(value!.records.map(({ address, port }) => `${address} ${port}`))
  expect(addresses).toHaveLength(distinct.size - (FORGED[name] ?? 0))
})

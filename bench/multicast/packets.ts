import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { aes256GcmTryOpen, randomBytes as freshBytes } from '@mimirjs/crypto'
import { DataSealer } from '../../packages/multicast/src/machine/data-sealer.js'
import { PACKET_OVERHEAD_BYTES } from '../lib/multicast-sizes.js'
import { interleaveMedians, type Medians } from '../lib/rounds.js'
import { type Row, rateRow } from '../lib/rows.js'
import type { Settings } from '../lib/settings.js'
import { operationsPerCpuSecond, type Work } from '../lib/spin.js'

// A packet of session data, complete with type, session id and a nonce by chance, beside the calls of node:crypto that
// nobody can do without: those make no packet, and count their nonce.

const SIZES = [64, 100, 1_024] as const
const SEAL_TARGET = 0.95
const ALGORITHM = 'aes-256-gcm'
const HEAD_BYTES = 29
const NONCE_AT = 17
const TAG_BYTES = 16

export async function packetRows(settings: Settings): Promise<Row[]> {
  const rows: Row[] = []
  for (const size of SIZES) rows.push(await sealRow(settings, size), await openRow(settings, size))
  return rows
}

async function sealRow(settings: Settings, size: number): Promise<Row> {
  const key = randomBytes(32)
  const sessionId = randomBytes(16)
  const payload = randomBytes(size)
  const sealer = new DataSealer(freshBytes)
  const nonce = Buffer.alloc(12)
  const isNew = (): boolean => true
  const rates = await measure(settings, {
    ours: again(() => sealer.seal(sessionId, key, payload, isNew).length),
    bare: again(() => {
      nonce.writeUInt32BE((nonce.readUInt32BE(8) + 1) >>> 0, 8)
      const cipher = createCipheriv(ALGORITHM, key, nonce)
      const { length } = cipher.update(payload)
      cipher.final()
      return length + cipher.getAuthTag().length
    }),
  })
  return rateRow(`multicast.seal.${size}/createCipheriv`, 'packets/CPU-s', rates.ours, rates.bare, SEAL_TARGET)
}

async function openRow(settings: Settings, size: number): Promise<Row> {
  const key = randomBytes(32)
  const packet = new DataSealer(freshBytes).seal(randomBytes(16), key, randomBytes(size), () => true)
  if (packet.length !== size + PACKET_OVERHEAD_BYTES) throw new Error(`a packet of ${packet.length} bytes`)
  const nonce = packet.subarray(NONCE_AT, HEAD_BYTES)
  const sealed = packet.subarray(HEAD_BYTES)
  const rates = await measure(settings, {
    ours: again(() => aes256GcmTryOpen(key, nonce, sealed)?.length ?? 0),
    bare: again(() => {
      const decipher = createDecipheriv(ALGORITHM, key, nonce)
      decipher.setAuthTag(sealed.subarray(size, size + TAG_BYTES))
      const { length } = decipher.update(sealed.subarray(0, size))
      decipher.final()
      return length
    }),
  })
  return rateRow(`multicast.open.${size}/createDecipheriv`, 'packets/CPU-s', rates.ours, rates.bare)
}

function measure<Name extends string>(settings: Settings, works: Record<Name, Work>): Promise<Medians<Name>> {
  return interleaveMedians(Object.keys(works) as Name[], settings.rounds, (name) =>
    operationsPerCpuSecond(works[name], settings.spinMs),
  )
}

/** The same operation again and again; it says how many bytes it made. */
function again(operation: () => number): Work {
  return (count) => {
    let bytes = 0
    for (let i = 0; i < count; i++) {
      const made = operation()
      if (made === 0) throw new Error('a benchmarked operation failed')
      bytes += made
    }
    return bytes
  }
}

import { randomBytes } from 'node:crypto'
import { createCounterBox } from '@mimirjs/crypto'
import { xsalsa20poly1305 } from '@noble/ciphers/salsa.js'
import wasm from 'libsodium-wrappers'
import native from 'sodium-native'
import { interleaveMedians, type Medians } from './lib/rounds.js'
import { type Report, type Row, rateRow } from './lib/rows.js'
import type { Settings } from './lib/settings.js'
import { operationsPerCpuSecond, PER_CPU_SECOND, type Work } from './lib/spin.js'

// XSalsa20-Poly1305 under a key that is kept, with a counter as the nonce: what every packet of an overlay session goes
// through twice. Ours and sodium-native write to a buffer that is there; the other two give a new one, they have no other
// way. Every call has a nonce of its own when it seals.

interface Size {
  readonly bytes: number
  /** What sealing promises, against each of the others. */
  readonly targets: { readonly native: number; readonly wasm?: number; readonly noble?: number }
}

const SIZES: readonly Size[] = [
  { bytes: 64, targets: { native: 1.4 } },
  { bytes: 1_024, targets: { native: 1, wasm: 2, noble: 6 } },
  { bytes: 1_400, targets: { native: 0.85, wasm: 2 } },
  { bytes: 65_536, targets: { native: 0.45 } },
]
const RIVALS = ['native', 'wasm', 'noble'] as const
const NAMES = { native: 'sodium-native', wasm: 'libsodium-wasm', noble: 'noble' } as const
const TAG_BYTES = 16
const NOTHING = new Uint8Array(0)

export async function run(settings: Settings): Promise<Report> {
  await wasm.ready
  const rows: Row[] = []
  for (const size of SIZES) rows.push(...(await sealRows(settings, size)), ...(await openRows(settings, size)))
  return { rows, notes: ['libsodium-wasm: libsodium-wrappers', PER_CPU_SECOND] }
}

async function sealRows(settings: Settings, { bytes, targets }: Size): Promise<Row[]> {
  const key = randomBytes(32)
  const text = randomBytes(bytes)
  const out = Buffer.alloc(bytes + TAG_BYTES)
  const box = createCounterBox(key)
  const nonce = Buffer.alloc(24)
  let counter = 0n
  const rates = await measure(settings, {
    ours: again(() => box.sealInto(out, 0, counter++, NOTHING, text)),
    native: again(() => {
      native.crypto_secretbox_easy(out, text, counted(nonce), key)
      return out.length
    }),
    wasm: again(() => wasm.crypto_secretbox_easy(text, counted(nonce), key).length),
    noble: again(() => xsalsa20poly1305(key, counted(nonce)).encrypt(text).length),
  })
  return RIVALS.map((rival) =>
    rateRow(`box.seal.${bytes}/${NAMES[rival]}`, 'packets/CPU-s', rates.ours, rates[rival], targets[rival]),
  )
}

async function openRows(settings: Settings, { bytes }: Size): Promise<Row[]> {
  const key = randomBytes(32)
  const text = randomBytes(bytes)
  const sealed = Buffer.alloc(bytes + TAG_BYTES)
  const out = Buffer.alloc(bytes)
  const box = createCounterBox(key)
  const nonce = Buffer.alloc(24)
  nonce[23] = 1
  box.sealInto(sealed, 0, 1n, NOTHING, text)
  const rates = await measure(settings, {
    ours: again(() => box.open(1n, sealed)?.length ?? 0),
    native: again(() => (native.crypto_secretbox_open_easy(out, sealed, nonce, key) ? out.length : 0)),
    wasm: again(() => wasm.crypto_secretbox_open_easy(sealed, nonce, key).length),
    noble: again(() => xsalsa20poly1305(key, nonce).decrypt(sealed).length),
  })
  return RIVALS.map((rival) => rateRow(`box.open.${bytes}/${NAMES[rival]}`, 'packets/CPU-s', rates.ours, rates[rival]))
}

function counted(nonce: Buffer): Buffer {
  nonce.writeUInt32BE((nonce.readUInt32BE(20) + 1) >>> 0, 20)
  return nonce
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

import {
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
  sign as nativeSign,
  verify as nativeVerify,
  randomBytes,
} from 'node:crypto'
import * as ours from '@mimirjs/crypto'
import { ed25519, x25519 as nobleX25519 } from '@noble/curves/ed25519.js'
import { interleaveMedians, type Medians } from './lib/rounds.js'
import { type Report, type Row, rateRow } from './lib/rows.js'
import type { Settings } from './lib/settings.js'
import { operationsPerCpuSecond, PER_CPU_SECOND, type Work } from './lib/spin.js'

// Signatures and key agreement from raw bytes. The limit is node:crypto with every key imported beforehand and kept:
// the same keys, messages and order, so that the form of the key is all that differs.

/** More keys than a cache holds: in the raw rows every key comes round again only after this many others. */
const STRANGERS = 16_384
const MESSAGE_BYTES = 64
/** DER in front of a raw key (RFC 8410), by curve. */
const PKCS8 = { ed25519: '302e020100300506032b657004220420', x25519: '302e020100300506032b656e04220420' } as const
const SPKI = { ed25519: '302a300506032b6570032100', x25519: '302a300506032b656e032100' } as const
type Curve = keyof typeof SPKI

export async function run(settings: Settings): Promise<Report> {
  const strangers = settings.quick ? 256 : STRANGERS
  const rows = [
    ...(await verifyRows(settings, strangers)),
    ...(await signRows(settings)),
    ...(await keygenRows(settings)),
    ...(await agreementRows(settings, strangers)),
  ]
  return { rows, notes: [`"raw": ${strangers} keys in turn; "repeated": one key again and again`, PER_CPU_SECOND] }
}

async function verifyRows(settings: Settings, strangers: number): Promise<Row[]> {
  const message = randomBytes(MESSAGE_BYTES)
  const signed = Array.from({ length: strangers }, () => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519')
    const raw = rawPublic(publicKey)
    return { publicKey: raw, signature: nativeSign(null, message, privateKey), kept: importPublic('ed25519', raw) }
  })
  const { publicKey, signature, kept } = signed[0]!
  const rates = await measure(settings, {
    raw: inTurn(signed, (one) => ours.verify(one.signature, message, one.publicKey)),
    repeated: again(() => ours.verify(signature, message, publicKey)),
    kept: inTurn(signed, (one) => nativeVerify(null, message, one.kept, one.signature)),
    keptOne: again(() => nativeVerify(null, message, kept, signature)),
    der: inTurn(signed, (one) => nativeVerify(null, message, importPublic('ed25519', one.publicKey), one.signature)),
    noble: again(() => ed25519.verify(signature, message, publicKey)),
  })
  return [
    rateRow('crypto.verify.raw/kept-key', 'verify/CPU-s', rates.raw, rates.kept, 0.9),
    rateRow('crypto.verify.raw/der-import', 'verify/CPU-s', rates.raw, rates.der),
    rateRow('crypto.verify.raw/noble', 'verify/CPU-s', rates.raw, rates.noble),
    rateRow('crypto.verify.repeated/kept-key', 'verify/CPU-s', rates.repeated, rates.keptOne),
  ]
}

async function signRows(settings: Settings): Promise<Row[]> {
  const message = randomBytes(MESSAGE_BYTES)
  const seed = ours.generateSeed()
  const signer = ours.createSigner(seed)
  const kept = importPrivate('ed25519', seed)
  const rates = await measure(settings, {
    signer: again(() => isBytes(signer.sign(message))),
    kept: again(() => isBytes(nativeSign(null, message, kept))),
    noble: again(() => isBytes(ed25519.sign(message, seed))),
  })
  return [
    rateRow('crypto.sign/kept-key', 'sign/CPU-s', rates.signer, rates.kept, 0.95),
    rateRow('crypto.sign/noble', 'sign/CPU-s', rates.signer, rates.noble),
  ]
}

async function keygenRows(settings: Settings): Promise<Row[]> {
  const rates = await measure(settings, {
    pair: again(() => isBytes(ours.generateKeyPair().publicKey)),
    derived: again(() => isBytes(ours.publicKeyFromSeed(ours.generateSeed()))),
    native: again(() => generateKeyPairSync('ed25519').publicKey.type === 'public'),
    noble: again(() => isBytes(ed25519.getPublicKey(ed25519.utils.randomSecretKey()))),
  })
  return [
    rateRow('crypto.keygen.raw/native-objects', 'pair/CPU-s', rates.pair, rates.native, 0.9),
    rateRow('crypto.keygen.raw/noble', 'pair/CPU-s', rates.pair, rates.noble),
    rateRow('crypto.keygen.fromSeed/noble', 'pair/CPU-s', rates.derived, rates.noble),
  ]
}

async function agreementRows(settings: Settings, strangers: number): Promise<Row[]> {
  const privateKey = ours.randomBytes(32)
  const others = Array.from({ length: strangers }, () => {
    const publicKey = rawPublic(generateKeyPairSync('x25519').publicKey)
    return { publicKey, kept: importPublic('x25519', publicKey) }
  })
  const keptPrivate = importPrivate('x25519', privateKey)
  const rates = await measure(settings, {
    raw: inTurn(others, ({ publicKey }) => isBytes(ours.x25519(privateKey, publicKey))),
    kept: inTurn(others, ({ kept }) => isBytes(diffieHellman({ privateKey: keptPrivate, publicKey: kept }))),
    noble: again(() => isBytes(nobleX25519.getSharedSecret(privateKey, others[0]!.publicKey))),
  })
  return [
    rateRow('crypto.x25519.raw/kept-keys', 'agree/CPU-s', rates.raw, rates.kept, 0.75),
    rateRow('crypto.x25519.raw/noble', 'agree/CPU-s', rates.raw, rates.noble),
  ]
}

function measure<Name extends string>(settings: Settings, works: Record<Name, Work>): Promise<Medians<Name>> {
  return interleaveMedians(Object.keys(works) as Name[], settings.rounds, (name) =>
    operationsPerCpuSecond(works[name], settings.spinMs),
  )
}

/** The same operation again and again; it says whether it worked. */
function again(operation: () => boolean): Work {
  return (count) => {
    for (let i = 0; i < count; i++) if (!operation()) throw new Error('a benchmarked operation failed')
    return count
  }
}

/** The operation on each item in turn, going on where the last call stopped. */
function inTurn<T>(items: readonly T[], operation: (item: T) => boolean): Work {
  let next = 0
  return (count) => {
    for (let i = 0; i < count; i++) {
      if (!operation(items[next]!)) throw new Error('a benchmarked operation failed')
      next = next + 1 === items.length ? 0 : next + 1
    }
    return count
  }
}

function isBytes(value: Uint8Array | Promise<Uint8Array>): boolean {
  return value instanceof Uint8Array
}

function rawPublic(key: KeyObject): Uint8Array {
  return new Uint8Array(key.export({ type: 'spki', format: 'der' }).subarray(-32))
}

function importPublic(curve: Curve, raw: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.concat([Buffer.from(SPKI[curve], 'hex'), raw]), format: 'der', type: 'spki' })
}

function importPrivate(curve: Curve, raw: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.concat([Buffer.from(PKCS8[curve], 'hex'), raw]), format: 'der', type: 'pkcs8' })
}

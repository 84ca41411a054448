// What this runtime's own cryptography decides and computes, beside the portable build, byte by byte.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import * as native from '@mimirjs/crypto'
import * as portable from '@mimirjs/crypto/portable'

/** SHA-256 of the boxes below, one behind the other, as libsodium seals them. */
const BOXES = 'd1c815a45a6fca8aad53772882594649ca2722df43f0ce1c191fe81a0cf06c65'
const LENGTHS = [0, 1, 15, 16, 17, 63, 64, 65, 127, 128, 129, 1_023, 1_400, 65_535, 65_536, 65_537]

assert.notEqual(native.sign, portable.sign, 'the node condition is not followed')
/** @param {string} text */
const hex = (text) =>
  Uint8Array.from({ length: text.length / 2 }, (_, at) => Number.parseInt(text.slice(2 * at, 2 * at + 2), 16))

/** Bytes, or the code of the refusal. @param {() => unknown} work */
function outcome(work) {
  try {
    const result = work()
    return result instanceof Uint8Array ? Array.from(result).join() : result
  } catch (error) {
    if (!portable.isCryptoError(error)) throw error
    return error.code
  }
}

let compared = 0
/** Do it with both. @param {(crypto: typeof portable) => unknown} work */
function same(work) {
  assert.equal(
    outcome(() => work(native)),
    outcome(() => work(portable)),
  )
  compared++
}

const { signatures } = JSON.parse(readFileSync('smoke-data.json', 'utf8'))
for (const { signature, message, publicKey, valid } of signatures) {
  for (const { verify } of [native, portable])
    assert.equal(verify(hex(signature), hex(message), hex(publicKey)), valid, `${signature} ${message} ${publicKey}`)
}

for (const length of LENGTHS) {
  const message = native.randomBytes(length)
  const [key, nonce, data] = [native.randomBytes(32), native.randomBytes(12), native.randomBytes(length % 100)]
  same(({ sha256 }) => sha256(message))
  same(({ sha512 }) => sha512(message))
  same(({ blake2b }) => blake2b(message))
  same(({ blake2b }) => blake2b(message, 32, key))
  same(({ hkdfSha256 }) => hkdfSha256(key, data, data, 42))
  for (const cipher of /** @type {const} */ (['chacha20Poly1305', 'aes256Gcm'])) {
    const sealed = portable[`${cipher}Seal`](key, nonce, message, data)
    same((crypto) => crypto[`${cipher}Seal`](key, nonce, message, data))
    same((crypto) => crypto[`${cipher}Open`](key, nonce, sealed, data))
    same((crypto) => crypto[`${cipher}Open`](key, nonce, sealed))
    same((crypto) => crypto[`${cipher}Open`](key, nonce, sealed.subarray(1), data))
  }
  const packet = new Uint8Array(29 + message.length + 16)
  same(({ aes256GcmSealInto }) => {
    aes256GcmSealInto(packet.fill(0), 29, key, nonce, message)
    return packet
  })
  same(({ aes256GcmTryOpen }) => aes256GcmTryOpen(key, nonce, packet.subarray(29)))
  same(({ aes256GcmTryOpen }) => aes256GcmTryOpen(key, nonce, packet.subarray(30)))
}

for (const { createCounterBox, createSha256 } of [native, portable]) {
  const box = createCounterBox(Uint8Array.from({ length: 32 }, (_, at) => at))
  const boxes = createSha256()
  for (const length of LENGTHS) {
    const [text, out] = [Uint8Array.from({ length }, (_, at) => at & 0xff), new Uint8Array(length + 16)]
    box.sealInto(out, 0, BigInt(length), text.subarray(0, 1), text.subarray(1))
    boxes.update(out)
    assert.deepEqual(Array.from(box.open(BigInt(length), out) ?? []), Array.from(text))
    assert.equal(box.open(BigInt(length) + 1n, out), undefined)
    compared++
  }
  assert.deepEqual(Array.from(boxes.digest()), Array.from(hex(BOXES)))
}

for (let round = 0; round < 10; round++) {
  const { seed, publicKey } = native.generateKeyPair()
  const peer = native.generateX25519KeyPair()
  const message = native.randomBytes(40)
  same((crypto) => crypto.publicKeyFromSeed(seed))
  same((crypto) => crypto.sign(message, seed))
  same((crypto) => crypto.createSigner(seed).sign(message))
  same((crypto) => crypto.createSigner(seed).agree(peer.publicKey))
  same((crypto) => crypto.createSigner(seed).agree(new Uint8Array(32)))
  same((crypto) => crypto.x25519PublicKey(peer.privateKey))
  same((crypto) => crypto.x25519(peer.privateKey, crypto.ed25519PublicKeyToX25519(publicKey)))
  same((crypto) => crypto.boxSharedKey(peer.privateKey, peer.publicKey))
  same((crypto) => crypto.verify(crypto.sign(message, seed), message, publicKey))
  same((crypto) => crypto.verify(native.randomBytes(64), message, native.randomBytes(32)))
}
console.log(`${signatures.length} signatures judged, ${compared} results compared`)

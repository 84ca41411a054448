// One identity key signs in several protocols. Here is all that it signs, and that nothing of it can be taken for what
// rendezvous signs, or the other way round: neither by length nor by its first byte, whatever a stranger chooses.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  signedAddressDeclarationBytes,
  signedSessionInitiationBytes,
  unsignedAddressDeclaration,
  unsignedSessionInitiation,
} from '../../src/multicast/index.js'
import {
  authSigningBytes,
  type BindRole,
  bindSigningBytes,
  type EnvelopeKind,
  envelopeSigningBytes,
  fingerprintBytes,
  MAX_SERVER_NAME_LENGTH,
  RendezvousLabel,
  unsignedEnvelope,
} from '../../src/rendezvous/index.js'
import { bytesOf } from '../support/frames.js'

const SEED = 0x7369_676e

/**
 * What a stranger gives and the identity signs as it is, in bytes: challenges of the peer handshake, nonces of mediators and
 * of file servers, addresses in records of trackers (32, or 16 in the classic generation); a nonce and a counter for the
 * proof of work.
 */
const SIGNED_AS_GIVEN: readonly number[] = [16, 32, 36]

const declarations = fc.record({ port: fc.nat(65_535), address: bytesOf(16), src: bytesOf(32) })
const initiations = fc.record({ sessionId: bytesOf(16), src: bytesOf(32), dst: bytesOf(32), sessionKey: bytesOf(32) })
/** What mp2p signs: a packet, which begins with its type. */
const packets = fc.oneof(
  declarations.map((declaration) => signedAddressDeclarationBytes(unsignedAddressDeclaration(declaration))),
  initiations.map((initiation) => signedSessionInitiationBytes(unsignedSessionInitiation(initiation))),
)

const name = fc
  .array(fc.integer({ min: 0x21, max: 0x7e }), { minLength: 1, maxLength: MAX_SERVER_NAME_LENGTH })
  .map((codes) => String.fromCharCode(...codes))
const auths = fc.record({ name, nonce: bytesOf(32), cn: bytesOf(16), publicKey: bytesOf(32) }).map(authSigningBytes)
const binds = fc
  .record({
    role: fc.constantFrom<BindRole>(1, 2),
    signer: bytesOf(32),
    other: bytesOf(32),
    sid: bytesOf(16),
    offerId: bytesOf(32),
    answerId: bytesOf(32),
    offererFp: bytesOf(32),
    answererFp: bytesOf(32),
  })
  .map(bindSigningBytes)
const signals = fc
  .record({
    kind: fc.integer({ min: 1, max: 7 }) as fc.Arbitrary<EnvelopeKind>,
    from: fc.constant(new Uint8Array(32).fill(1)),
    to: fc.constant(new Uint8Array(32).fill(2)),
    sid: bytesOf(16),
    epoch: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    ctr: fc.nat(),
    exp: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    body: fc.uint8Array({ maxLength: 300 }),
  })
  .map((parts) => envelopeSigningBytes(unsignedEnvelope(parts)))

test('what rendezvous signs is longer than anything that is signed as a stranger gives it', () => {
  const longest = Math.max(...SIGNED_AS_GIVEN)
  fc.assert(
    fc.property(fc.oneof(auths, binds, signals), (signed) => {
      expect(signed.length).toBeGreaterThan(longest)
    }),
    { seed: SEED, numRuns: 200 },
  )
  const shortest = { name: 'w', nonce: new Uint8Array(32), cn: new Uint8Array(16), publicKey: new Uint8Array(32) }
  expect(authSigningBytes(shortest)).toHaveLength(101)
})

test('what rendezvous signs begins with an r, what mp2p signs with 0 or 1', () => {
  fc.assert(
    fc.property(fc.oneof(auths, binds, signals), packets, (signed, packet) => {
      expect(signed[0]).toBe(0x72)
      expect(packet[0]).toBeLessThan(2)
    }),
    { seed: SEED, numRuns: 200 },
  )
})

test('under each label there is one thing only, and no label begins another', () => {
  const labels = Object.values(RendezvousLabel).map((text) => `${text}\0`)
  for (const label of labels) {
    expect(labels.filter((other) => other.startsWith(label))).toEqual([label])
  }
  const beginning = (bytes: Uint8Array) => labels.filter((label) => text(bytes).startsWith(label))
  fc.assert(
    fc.property(auths, binds, signals, bytesOf(32), (auth, bind, signal, publicKey) => {
      expect(beginning(auth)).toEqual(['rendezvous/1 auth\0'])
      expect(beginning(bind)).toEqual(['rendezvous/1 bind\0'])
      expect(beginning(signal)).toEqual(['rendezvous/1 signal\0'])
      expect(beginning(fingerprintBytes(publicKey))).toEqual(['rendezvous/1 fingerprint\0'])
    }),
    { seed: SEED, numRuns: 60 },
  )
})

function text(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes.subarray(0, 40))
}

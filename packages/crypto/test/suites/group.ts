import { describe, expect, test } from 'vitest'
import { codeOf, codeOfRejection, EDGE_LENGTHS, hex, SeededBytes, type Suite, toHex, utf8 } from '../helpers.js'
import { smallOrderEncodings } from '../points.js'

const CIPHERS = ['rfc8439', 'legacy'] as const

export function groupSuite(crypto: Suite): void {
  describe.each(CIPHERS)('group messages, %s', (cipher) => {
    const other = cipher === 'legacy' ? 'rfc8439' : 'legacy'
    const random = new SeededBytes(4)
    const key = random.bytes(32)

    test('what was sealed opens, whichever variant is tried first, and says which it was', () => {
      for (const length of EDGE_LENGTHS) {
        const plaintext = random.bytes(length)
        const sealed = crypto.groupSeal(key, plaintext, cipher)
        expect(sealed).toHaveLength(length + crypto.GROUP_OVERHEAD_BYTES)
        for (const tried of [cipher, other] as const) {
          const opened = crypto.groupOpen(key, sealed, tried)
          expect(opened.cipher).toBe(cipher)
          expect(toHex(opened.plaintext) === toHex(plaintext)).toBe(true)
        }
      }
    })

    test('with any one bit turned over, or cut anywhere, nothing opens', () => {
      const sealed = crypto.groupSeal(
        key,
        utf8('a message of more than 32 bytes, which is where block 1 begins'),
        cipher,
      )
      for (let round = 0; round < 100; round++) {
        expect(codeOf(() => crypto.groupOpen(key, random.flipped(sealed), cipher))).toBe('authentication')
        expect(codeOf(() => crypto.groupOpen(random.flipped(key), sealed, cipher))).toBe('authentication')
      }
      for (let length = 0; length < sealed.length; length++)
        expect(codeOf(() => crypto.groupOpen(key, sealed.subarray(0, length), cipher))).toBe('authentication')
    })

    test('no two messages have the same nonce', () => {
      const nonces = new Set(Array.from({ length: 500 }, () => crypto.groupSeal(key, key, cipher).slice(0, 12).join()))
      expect(nonces.size).toBe(500)
    })

    test('keys and nonces of another length, and other ciphers, are the caller’s mistake', () => {
      const sealed = crypto.groupSeal(key, key, cipher)
      for (const length of [0, 16, 31, 33]) {
        const wrong = new Uint8Array(length)
        expect(codeOf(() => crypto.groupSeal(wrong, key, cipher))).toBe('argument')
        expect(codeOf(() => crypto.groupOpen(wrong, sealed, cipher))).toBe('argument')
        expect(codeOf(() => crypto.groupSeal(key, key, cipher, wrong))).toBe('argument')
      }
      for (const name of ['', 'RFC8439', 'toString', undefined, null]) {
        expect(codeOf(() => crypto.groupSeal(key, key, name as typeof cipher))).toBe('argument')
        expect(codeOf(() => crypto.groupOpen(key, sealed, name as typeof cipher))).toBe('argument')
      }
      expect(codeOf(() => crypto.groupSeal(key, 'text' as unknown as Uint8Array, cipher))).toBe('argument')
    })

    test('inputs are left as they are, and results are nobody else’s', () => {
      const around = new Uint8Array(80).fill(5)
      const plaintext = around.subarray(3, 53)
      const sealed = crypto.groupSeal(key, plaintext, cipher)
      const copy = sealed.slice()
      const opened = crypto.groupOpen(key, sealed, cipher).plaintext
      expect([around, sealed]).toEqual([new Uint8Array(80).fill(5), copy])
      opened.fill(0)
      expect(sealed).toEqual(copy)
    })
  })

  describe.each(CIPHERS)('group invites, %s', (cipher) => {
    const random = new SeededBytes(5)
    const recipient = crypto.createSigner(random.bytes(32))
    const groupKey = random.bytes(32)

    test('the recipient gets the key, nobody else does', async () => {
      const inviteData = crypto.wrapGroupKey(recipient.publicKey, groupKey, cipher)
      expect(inviteData).toHaveLength(crypto.GROUP_INVITE_BYTES)
      for (const tried of CIPHERS)
        expect(await crypto.unwrapGroupKey(recipient, inviteData, tried)).toEqual({ groupKey, cipher })
      const stranger = crypto.createSigner(random.bytes(32))
      expect(await codeOfRejection(crypto.unwrapGroupKey(stranger, inviteData, cipher))).toBe('authentication')
    })

    test('no two are alike', () => {
      const [one, two] = [1, 2].map(() => crypto.wrapGroupKey(recipient.publicKey, groupKey, cipher))
      expect(one?.slice(0, 32)).not.toEqual(two?.slice(0, 32))
      expect(one?.slice(32, 44)).not.toEqual(two?.slice(32, 44))
    })

    test('turned over or of another length, it is refused', async () => {
      const inviteData = crypto.wrapGroupKey(recipient.publicKey, groupKey, cipher)
      const refused = async (data: Uint8Array) => codeOfRejection(crypto.unwrapGroupKey(recipient, data, cipher))
      for (const length of [0, 59, 60, 91]) expect(await refused(inviteData.subarray(0, length))).toBe('authentication')
      expect(await refused(Uint8Array.of(...inviteData, 0))).toBe('authentication')
      for (let round = 0; round < 20; round++) {
        const flipped = random.flipped(inviteData)
        // The top bit of an X25519 key is without influence.
        if (((flipped[31] as number) ^ (inviteData[31] as number)) === 0x80) continue
        expect(await refused(flipped)).toBe('authentication')
      }
    })

    test('with anything but a key of 32 bytes inside it is refused, although all tags fit', async () => {
      const ephemeral = crypto.generateX25519KeyPair()
      const secret = crypto.x25519(ephemeral.privateKey, crypto.ed25519PublicKeyToX25519(recipient.publicKey))
      const wrappingKey = crypto.hkdfSha256(secret, undefined, utf8('group-invite-key'), 32)
      const inviteOf = (inside: Uint8Array) =>
        Uint8Array.of(...ephemeral.publicKey, ...crypto.groupSeal(wrappingKey, inside, cipher))
      expect((await crypto.unwrapGroupKey(recipient, inviteOf(groupKey), cipher)).groupKey).toEqual(groupKey)
      for (const length of [0, 31, 33, 64]) {
        const refused = crypto.unwrapGroupKey(recipient, inviteOf(new Uint8Array(length)), cipher)
        expect(await codeOfRejection(refused)).toBe('authentication')
      }
    })

    test('keys that nobody has are refused before anything is wrapped', () => {
      const wrap = (publicKey: Uint8Array) => codeOf(() => crypto.wrapGroupKey(publicKey, groupKey, cipher))
      expect(wrap(hex(`02${'00'.repeat(31)}`))).toBe('point')
      expect(wrap(hex(`01${'00'.repeat(31)}`))).toBe('point') // y = 1
      for (const publicKey of smallOrderEncodings()) expect(['point', 'shared-secret']).toContain(wrap(publicKey))
      expect(wrap(new Uint8Array(31))).toBe('argument')
      expect(codeOf(() => crypto.wrapGroupKey(recipient.publicKey, new Uint8Array(16), cipher))).toBe('argument')
    })
  })

  describe('a signer that is not ours', () => {
    const { publicKey, sign } = crypto.createSigner(new Uint8Array(32).fill(1))

    test('without agreement it cannot open invites, and is told so', async () => {
      const signer = { publicKey, sign }
      const inviteData = new Uint8Array(crypto.GROUP_INVITE_BYTES)
      await expect(crypto.unwrapGroupKey(signer, inviteData, 'rfc8439')).rejects.toMatchObject({
        name: 'CryptoError',
        code: 'key-capability',
        blame: 'local',
      })
    })

    test('that agrees on nothing is not believed, and may take its time', async () => {
      const inviteData = new Uint8Array(crypto.GROUP_INVITE_BYTES)
      for (const [secret, code] of [
        [new Uint8Array(32), 'shared-secret'],
        [new Uint8Array(31), 'argument'],
      ] as const) {
        const signer = { publicKey, sign, agree: async () => secret.slice() }
        expect(await codeOfRejection(crypto.unwrapGroupKey(signer, inviteData, 'legacy'))).toBe(code)
      }
    })
  })
}

import { describe, expect, test } from 'vitest'
import type * as portable from '../../src/rsa/portable.js'
import { codeOf, hex, toHex, utf8 } from '../helpers.js'
import { accounts, challenges, pems, rsaSignatures } from '../rsa-vectors.js'

export type RsaSuite = typeof portable

const LINE = /-----(?:BEGIN|END) [A-Z ]+-----/g

/** A PEM text of these bytes, in hex. */
function pem(label: string, derHex: string): string {
  const base64 = btoa(String.fromCharCode(...hex(derHex)))
  return `-----BEGIN ${label}-----${base64}-----END ${label}-----`
}

/** The bytes of a PEM text, in hex. */
function derOf(text: string): string {
  return toHex(Uint8Array.from(atob(text.replace(LINE, '').replace(/\s/g, '')), (character) => character.charCodeAt(0)))
}

/** Everything that a build must do with RSA, whatever it is made of. rendezvous protocol A2, A6, A7, A13 */
export function rsaSuite(rsa: RsaSuite): void {
  describe('keys', () => {
    test.each(accounts)('$name is read and written alike', ({ bits, publicPem, privatePem }) => {
      const key = rsa.importRsaPrivateKey(privatePem)
      expect(key.publicKey).toMatchObject({ pem: publicPem, bits, sizeBytes: bits / 8 })
      expect(key.exportPem()).toBe(privatePem)
      expect(rsa.parseRsaPublicKey(publicPem).pem).toBe(publicPem)
      expect(rsa.isWeakRsaKey(key.publicKey)).toBe(bits < 2048)
    })

    test.each(pems)('text $name', ({ text, normal }) => {
      expect(rsa.normaliseRsaPublicPem(text) ?? null).toBe(normal)
      if (normal === null) expect(codeOf(() => rsa.parseRsaPublicKey(text))).toBe('rsa-key')
    })

    const [account] = accounts
    const publicDer = derOf(account.publicPem)
    const privateDer = derOf(account.privatePem)

    test('every text that is cut off is refused', () => {
      for (let length = 0; length < account.publicPem.trimEnd().length; length++)
        expect(rsa.normaliseRsaPublicPem(account.publicPem.slice(0, length))).toBeUndefined()
    })

    test('every key that is cut off inside is refused', () => {
      for (let length = 0; length < publicDer.length; length += 2)
        expect(rsa.normaliseRsaPublicPem(pem('PUBLIC KEY', publicDer.slice(0, length)))).toBeUndefined()
      for (let length = 0; length < privateDer.length; length += 46)
        expect(codeOf(() => rsa.importRsaPrivateKey(pem('RSA PRIVATE KEY', privateDer.slice(0, length))))).toBe(
          'rsa-key',
        )
    })

    test.each([
      ['bytes behind the key', publicDer.concat('00')],
      ['another algorithm', publicDer.replace('2a864886f70d010101', '2a864886f70d010102')],
      ['the exponent 3', publicDer.replace(/0203010001$/, '0203000003')],
      ['the exponent 65539', publicDer.replace(/010001$/, '010003')],
      ['an even modulus', publicDer.replace('2b0203010001', '2a0203010001')],
      ['a negative modulus', publicDer.replace('0282010100cf', '0282010180cf')],
      ['a modulus with one zero too many', publicDer.replace('0282010100cf1004', '02820101000010')],
      ['unused bits', publicDer.replace('0382010f00', '0382010f01')],
      ['an overlong length', publicDer.replace(/^30820122/, '3083000122')],
    ])('%s: refused', (_, der) => {
      expect(der).not.toBe(publicDer)
      expect(codeOf(() => rsa.parseRsaPublicKey(pem('PUBLIC KEY', der)))).toBe('rsa-key')
    })

    test('1023 bits are too few and 8193 too many', () => {
      const spki = (bits: number) => {
        const modulus = `${((1n << BigInt(bits - 1)) + 1n).toString(16)}`
        const padded = modulus.padStart(2 * (Math.floor(bits / 8) + 1), '0')
        const size = (text: string) =>
          text.length < 512
            ? `81${(text.length / 2).toString(16)}`
            : `82${(text.length / 2).toString(16).padStart(4, '0')}`
        const numbers = `02${size(padded)}${padded}0203010001`
        return pem('RSA PUBLIC KEY', `30${size(numbers)}${numbers}`)
      }
      for (const bits of [1024, 2047, 8192]) expect(rsa.parseRsaPublicKey(spki(bits)).bits).toBe(bits)
      for (const bits of [1023, 8193]) expect(codeOf(() => rsa.parseRsaPublicKey(spki(bits)))).toBe('rsa-key')
    })

    test('a private key whose parts do not fit together is refused', () => {
      for (let at = 60; at < 1_400; at += 90) {
        const digit = privateDer[at] === '1' ? '2' : '1'
        const altered = privateDer.slice(0, at) + digit + privateDer.slice(at + 1)
        expect(codeOf(() => rsa.importRsaPrivateKey(pem('RSA PRIVATE KEY', altered)))).toBe('rsa-key')
      }
    })

    test('a text of no end is not searched', () => {
      expect(rsa.normaliseRsaPublicPem(account.publicPem + ' '.repeat(16_384))).toBeUndefined()
      expect(rsa.normaliseRsaPublicPem(`${'-----BEGIN '.repeat(1_400)}`)).toBeUndefined()
    })

    test.each([undefined, null, 7, new Uint8Array(3)])('%s is no text', (value) => {
      expect(codeOf(() => rsa.parseRsaPublicKey(value as unknown as string))).toBe('argument')
      expect(codeOf(() => rsa.normaliseRsaPublicPem(value as unknown as string))).toBe('argument')
    })

    test('new keys have 2048 bits at least', async () => {
      for (const bits of [1024, 2047, 8193, 2048.5])
        await expect(rsa.generateRsaPrivateKey(bits)).rejects.toMatchObject({ code: 'argument' })
      const key = await rsa.generateRsaPrivateKey()
      expect(key.publicKey.bits).toBe(2048)
      const message = utf8('hello')
      const again = rsa.importRsaPrivateKey(key.exportPem())
      expect(key.publicKey.verifySha1(again.signSha1(message), message)).toBe(true)
      expect(key.exportPem()).toBe(again.exportPem())
    })
  })

  describe('signatures', () => {
    test.each(rsaSignatures)('$name', ({ publicPem, text, signature, isValid }) => {
      const key = rsa.parseRsaPublicKey(publicPem)
      expect(key.verifySha1(hex(signature), utf8(text))).toBe(isValid)
      const own = accounts.find((account) => account.publicPem === publicPem)
      const made = toHex(rsa.importRsaPrivateKey(own?.privatePem ?? '').signSha1(utf8(text)))
      expect(made === signature).toBe(isValid)
    })

    test('nothing but the one block is a signature', () => {
      const { publicPem, privatePem } = accounts[0]
      const [key, signer] = [rsa.parseRsaPublicKey(publicPem), rsa.importRsaPrivateKey(privatePem)]
      const message = utf8('hello')
      const good = signer.signSha1(message)
      expect(key.verifySha1(good, message)).toBe(true)
      expect(key.verifySha1(good, utf8('hello.'))).toBe(false)
      expect(key.verifySha1(good.subarray(1), message)).toBe(false)
      expect(key.verifySha1(new Uint8Array([0, ...good]), message)).toBe(false)
      expect(key.verifySha1(new Uint8Array(256), message)).toBe(false)
      expect(key.verifySha1(new Uint8Array(256).fill(255), message)).toBe(false)
      for (let at = 0; at < good.length; at += 15) {
        const altered = good.slice()
        altered.set([(good[at] as number) ^ 1], at)
        expect(key.verifySha1(altered, message)).toBe(false)
      }
    })
  })

  describe('encryption', () => {
    test.each(challenges)('$name', ({ privatePem, encrypted, plaintext }) => {
      expect(rsa.importRsaPrivateKey(privatePem).decrypt(hex(encrypted))).toEqual(utf8(plaintext))
    })

    test('a block is another one each time, and comes back', () => {
      const { publicPem, privatePem } = accounts[2]
      const [key, holder] = [rsa.parseRsaPublicKey(publicPem), rsa.importRsaPrivateKey(privatePem)]
      for (const length of [0, 1, 45, 117]) {
        const plaintext = new Uint8Array(length).fill(9)
        const [first, second] = [key.encrypt(plaintext), key.encrypt(plaintext)]
        expect(toHex(first)).not.toBe(toHex(second))
        expect(holder.decrypt(first)).toEqual(plaintext)
        expect(holder.decrypt(second)).toEqual(plaintext)
      }
      expect(codeOf(() => key.encrypt(new Uint8Array(118)))).toBe('argument')
    })

    test('whatever is wrong with a block, it is the same answer', () => {
      const { publicPem, privatePem } = accounts[2]
      const [key, holder] = [rsa.parseRsaPublicKey(publicPem), rsa.importRsaPrivateKey(privatePem)]
      const signature = holder.signSha1(utf8('a block of type 1'))
      for (const wrong of [new Uint8Array(0), new Uint8Array(127), new Uint8Array(129), new Uint8Array(128).fill(255)])
        expect(holder.decrypt(wrong)).toBeUndefined()
      expect(holder.decrypt(new Uint8Array(128))).toBeUndefined()
      expect(key.verifySha1(signature, utf8('a block of type 1'))).toBe(true)
    })

    test.each([undefined, null, 'text', 7, [1]])('%s is no bytes', (value) => {
      const wrong = value as unknown as Uint8Array
      const holder = rsa.importRsaPrivateKey(accounts[2].privatePem)
      expect(codeOf(() => holder.decrypt(wrong))).toBe('argument')
      expect(codeOf(() => holder.signSha1(wrong))).toBe('argument')
      expect(codeOf(() => holder.publicKey.encrypt(wrong))).toBe('argument')
      expect(codeOf(() => holder.publicKey.verifySha1(wrong, utf8('x')))).toBe('argument')
      expect(codeOf(() => holder.publicKey.verifySha1(new Uint8Array(128), wrong))).toBe('argument')
    })
  })
}

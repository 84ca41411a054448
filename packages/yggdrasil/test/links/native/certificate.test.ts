import { spawnSync } from 'node:child_process'
import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createSigner } from '@mimirjs/crypto'
import { describe, expect, it } from 'vitest'
import { nodeCertificate, nodePrivateKey, pem } from '../../../src/links/native/certificate.js'
import { der, Tag } from '../../../src/links/native/der.js'

const seed = new Uint8Array(32).fill(1)
const signer = createSigner(seed)
const hexKey = Buffer.from(signer.publicKey).toString('hex')

/** Of crypto/x509 in Go 1.26.8 for the seed of 32 × 01, with the template of the reference and a start in the year 2000. */
const GOLDEN = [
  '3082017c3082012ea003020102020101300506032b6570304b31493047060355040313403861383865336464373430396631',
  '3935666435326462326433636261356437326361363730396266316439343132316266333734383830316234306636663563',
  '3020170d3030303130313030303030305a180f39393939313233313233353935395a304b3149304706035504031340386138',
  '3865336464373430396631393566643532646232643363626135643732636136373039626631643934313231626633373438',
  '3830316234306636663563302a300506032b65700321008a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf37488',
  '01b40f6f5ca3353033300e0603551d0f0101ff0404030205a030130603551d25040c300a06082b06010505070301300c0603',
  '551d130101ff04023000300506032b65700341005e539935b7c7c52bd7f1b939030c4dc241e449da2ab2c5aa87854ad3b162',
  '21341bab6f57a336bcf15bd63da4af9a81b5313cb91e8564adf029bb2e797f3eaa01',
].join('')

describe('nodeCertificate', () => {
  const bytes = nodeCertificate(signer)
  const certificate = new X509Certificate(bytes)

  it('is what the reference makes', () => {
    expect(certificate.subject).toBe(`CN=${hexKey}`)
    expect(certificate.issuer).toBe(`CN=${hexKey}`)
    expect(certificate.serialNumber).toBe('01')
    expect(certificate.validTo).toBe('Dec 31 23:59:59 9999 GMT')
    expect(new Date(certificate.validFrom).getTime()).toBeLessThan(Date.now())
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1'])
    expect(certificate.subjectAltName).toBeUndefined()
    expect(certificate.ca).toBe(false)
  })

  it('has the key of the node, and is signed with it', () => {
    expect(certificate.publicKey.asymmetricKeyType).toBe('ed25519')
    expect(certificate.publicKey.export({ format: 'der', type: 'spki' }).subarray(-32)).toEqual(
      Buffer.from(signer.publicKey),
    )
    expect(certificate.verify(certificate.publicKey)).toBe(true)
    const key = createPrivateKey(pem('PRIVATE KEY', nodePrivateKey(seed)))
    expect(certificate.checkPrivateKey(key)).toBe(true)
    expect(createPublicKey(key).equals(certificate.publicKey)).toBe(true)
  })

  it('is, to the byte, what the library of the reference makes of the same template', () => {
    expect(Buffer.from(bytes).toString('hex')).toBe(GOLDEN)
    expect(nodeCertificate(signer)).toEqual(bytes)
  })

  const openssl = spawnSync('openssl', ['version'])
  it.runIf(openssl.status === 0)('is read by openssl, to the last extension', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'ygg-cert-'))
    try {
      const file = path.join(folder, 'cert.pem')
      writeFileSync(file, pem('CERTIFICATE', bytes))
      const { stdout } = spawnSync('openssl', ['x509', '-in', file, '-noout', '-text'], { encoding: 'utf8' })
      const text = stdout.replace(/\s+/g, ' ')
      expect(text).toContain('Version: 3 (0x2)')
      expect(text).toMatch(/Signature Algorithm: ED25519/i)
      expect(text).toContain('X509v3 Key Usage: critical Digital Signature, Key Encipherment')
      expect(text).toContain('X509v3 Extended Key Usage: TLS Web Server Authentication')
      expect(text).toContain('X509v3 Basic Constraints: critical CA:FALSE')
      const verified = spawnSync('openssl', ['verify', '-check_ss_sig', '-CAfile', file, '-partial_chain', file], {
        encoding: 'utf8',
      })
      expect(verified.stdout).toContain('cert.pem: OK')
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

describe('der', () => {
  it.each([
    [0, [0x04, 0x00]],
    [127, [0x04, 0x7f]],
    [128, [0x04, 0x81, 0x80]],
    [255, [0x04, 0x81, 0xff]],
    [256, [0x04, 0x82, 0x01, 0x00]],
    [65_535, [0x04, 0x82, 0xff, 0xff]],
  ])('writes a length of %i', (length, head) => {
    const bytes = der(Tag.octetString, new Uint8Array(length))
    expect([...bytes.subarray(0, head.length)]).toEqual(head)
    expect(bytes.length).toBe(head.length + length)
  })
})

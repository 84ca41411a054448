import { createSign, generateKeyPairSync, randomBytes } from 'node:crypto'

/** A certificate that signs itself, and its key, in PEM. */
export interface TestCertificate {
  readonly cert: string
  readonly key: string
}

/** For these names and IPv4 addresses, valid for ever, of ECDSA on P-256, which browsers take, too. */
export function testCertificate(hosts: readonly string[] = ['localhost', '127.0.0.1']): TestCertificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'der' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  const ecdsaWithSha256 = der(0x30, oid('2a8648ce3d040302'))
  // Of its own, so that two certificates of one test are two issuers.
  const commonName = der(0x0c, Buffer.from(`test ${randomBytes(8).toString('hex')}`))
  const name = der(0x30, der(0x31, der(0x30, oid('550403'), commonName)))
  const validity = der(0x30, der(0x17, Buffer.from('000101000000Z')), der(0x18, Buffer.from('99991231235959Z')))
  const version3 = der(0xa0, der(0x02, Buffer.of(2)))
  const serial = der(0x02, Buffer.of(1))
  const alternativeNames = der(0x30, ...hosts.map(generalName))
  const extensions = der(0xa3, der(0x30, der(0x30, oid('551d11'), der(0x04, alternativeNames))))
  const signed = der(0x30, version3, serial, ecdsaWithSha256, name, validity, name, publicKey, extensions)
  const signature = createSign('sha256').update(signed).sign(privateKey)
  const whole = der(0x30, signed, ecdsaWithSha256, der(0x03, Buffer.of(0), signature))
  const lines = whole.toString('base64').match(/.{1,64}/g) ?? []
  return { cert: `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`, key: privateKey }
}

function generalName(host: string): Buffer {
  const isAddress = /^[0-9.]+$/.test(host)
  return isAddress ? der(0x87, Buffer.from(host.split('.').map(Number))) : der(0x82, Buffer.from(host))
}

function oid(hex: string): Buffer {
  return der(0x06, Buffer.from(hex, 'hex'))
}

function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts)
  const { length } = content
  const head = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.of(tag, ...head), content])
}

import { createPublicKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto'

/** OBJECT IDENTIFIER 1.3.101.112, Ed25519 (RFC 8410). */
const ED25519 = sequence(Buffer.from('06032b6570', 'hex'))
/** One relative distinguished name: commonName = "bench". */
const NAME = sequence(der(0x31, sequence(Buffer.from('0603550403', 'hex'), der(0x0c, Buffer.from('bench')))))
const VALIDITY = sequence(der(0x18, Buffer.from('20200101000000Z')), der(0x18, Buffer.from('20991231235959Z')))

/** A throw-away X.509 v3 certificate (RFC 5280) with an Ed25519 key, made here so that nothing has to be installed. */
export function selfSignedCertificate(): { certificate: string; privateKey: string } {
  const { privateKey } = generateKeyPairSync('ed25519')
  const subjectPublicKeyInfo = createPublicKey(privateKey).export({ type: 'spki', format: 'der' })
  const serial = Buffer.concat([Buffer.of(0x01), randomBytes(8)])
  const version3 = der(0xa0, der(0x02, Buffer.of(2)))
  const body = sequence(version3, der(0x02, serial), ED25519, NAME, VALIDITY, NAME, subjectPublicKeyInfo)
  const signature = der(0x03, Buffer.concat([Buffer.of(0), sign(null, body, privateKey)]))
  const base64 = sequence(body, ED25519, signature).toString('base64')
  const lines = base64.match(/.{1,64}/g)!.join('\n')
  const privateKeyPem = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
  return {
    certificate: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
    privateKey: privateKeyPem,
  }
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return der(0x30, Buffer.concat(parts))
}

function der(tag: number, content: Buffer): Buffer {
  const length = content.length < 0x80 ? [content.length] : [0x82, content.length >> 8, content.length & 0xff]
  return Buffer.concat([Buffer.of(tag, ...length), content])
}

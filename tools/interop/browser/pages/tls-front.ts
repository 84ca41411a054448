import { createSign, generateKeyPairSync } from 'node:crypto'
import { type AddressInfo, connect } from 'node:net'
import { createServer } from 'node:tls'
import { pem } from '../../../../packages/yggdrasil/src/links/native/certificate.js'
import { bitString, der, hex, Tag } from '../../../../packages/yggdrasil/src/links/native/der.js'

export interface TlsFront {
  readonly port: number
  close(): Promise<void>
}

/** What a reverse proxy is: it takes TLS off, and hands on what comes, on 127.0.0.1. Browsers have to be told to trust it. */
export async function tlsFront(targetPort: number): Promise<TlsFront> {
  const open = new Set<{ destroy(): void }>()
  const server = createServer(selfSigned(), (near) => {
    const far = connect(targetPort, '127.0.0.1')
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(socket)
      socket.on('error', () => other.destroy())
      socket.on('close', () => {
        open.delete(socket)
        other.destroy()
      })
      socket.pipe(other)
    }
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of open) socket.destroy()
      }),
  }
}

/** ECDSA on P-256: browsers speak no TLS with the Ed25519 of our nodes. */
function selfSigned(): { key: string; cert: string } {
  const { publicKey, privateKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'der' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  const ecdsaWithSha256 = der(Tag.sequence, der(Tag.objectId, hex('2a8648ce3d040302')))
  const commonName = der(Tag.sequence, der(Tag.objectId, hex('550403')), der(Tag.printableString, '127.0.0.1'))
  const name = der(Tag.sequence, der(Tag.set, commonName))
  const validity = der(Tag.sequence, der(Tag.utcTime, '000101000000Z'), der(Tag.generalizedTime, '99991231235959Z'))
  const serial = der(Tag.integer, hex('01'))
  const signed = der(Tag.sequence, serial, ecdsaWithSha256, name, validity, name, publicKey)
  const signature = createSign('sha256').update(signed).sign(privateKey)
  const cert = pem('CERTIFICATE', der(Tag.sequence, signed, ecdsaWithSha256, bitString(signature)))
  return { key: privateKey, cert }
}

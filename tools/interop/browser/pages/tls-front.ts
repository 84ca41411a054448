import { type AddressInfo, connect } from 'node:net'
import { createServer } from 'node:tls'
import { testCertificate } from '../../../../packages/transport/test/support/certificate.js'

export interface TlsFront {
  readonly port: number
  close(): Promise<void>
}

/** What a reverse proxy is: it takes TLS off, and hands on what comes, on 127.0.0.1. Browsers have to be told to trust it. */
export async function tlsFront(targetPort: number, certificate = testCertificate()): Promise<TlsFront> {
  const open = new Set<{ destroy(): void }>()
  const server = createServer(certificate, (near) => {
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

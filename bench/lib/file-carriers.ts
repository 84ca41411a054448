import { once } from 'node:events'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, open } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { connect as connectTls, createServer as createTlsServer } from 'node:tls'
import { Messenger } from '@mimirjs/messenger'
import { selfSignedCertificate } from './certificate.js'
import { listenOnLoopback } from './loopback.js'

/** One way of bringing a file from one process to another, from disk to disk. */
export interface Carrier {
  /** Get ready to be fetched from: what the other side needs to know. */
  offer(path: string, folder: string): Promise<string>
  /** Bring the file here; resolves when it is on the disk, with the milliseconds that took. */
  fetch(offer: string, folder: string): Promise<number>
}

export type CarrierName = 'mimir' | 'net' | 'tls'

export const CARRIERS: Readonly<Record<CarrierName, () => Carrier>> = {
  mimir: mimirCarrier,
  net: netCarrier,
  tls: tlsCarrier,
}

const PIECE_BYTES = 256 * 1024

/** Two messengers of the current generation: announced, asked for, streamed, hashed at both ends, renamed. */
function mimirCarrier(): Carrier {
  const openMessenger = (folder: string) => Messenger.open(join(folder, 'mimir'), { generation: 'current' })
  return {
    async offer(path, folder) {
      const messenger = await openMessenger(folder)
      messenger.on('message', (message) => message.send(message.from, { file: { path } }))
      const address = await messenger.listen('tcp://127.0.0.1:0')
      return JSON.stringify({ publicKey: messenger.publicKey, address })
    },
    async fetch(offer, folder) {
      const { publicKey, address } = JSON.parse(offer) as { publicKey: string; address: string }
      const messenger = await openMessenger(folder)
      messenger.addAddress(publicKey, address)
      const taken = new Promise<number>((resolve, reject) => {
        messenger.on('message', async (message) => {
          const startMs = performance.now()
          try {
            await message.download({ to: join(folder, 'fetched') })
            resolve(performance.now() - startMs)
          } catch (error) {
            reject(error as Error)
          }
        })
      })
      await messenger.send(publicKey, 'the file, please')
      const elapsedMs = await taken
      await messenger.close()
      return elapsedMs
    },
  }
}

/** The floor: bytes through a socket, and nothing that says whether they are the right ones. */
function netCarrier(): Carrier {
  return {
    async offer(path) {
      const server = createServer((socket) => sendFile(path, socket))
      return String(await listenOnLoopback(server))
    },
    async fetch(offer, folder) {
      const startMs = performance.now()
      const socket = connect({ port: Number(offer), host: '127.0.0.1' })
      await receiveFile(socket, folder)
      return performance.now() - startMs
    },
  }
}

/** As scp does: encrypted and authenticated on the way, not hashed. */
function tlsCarrier(): Carrier {
  return {
    async offer(path) {
      const { certificate, privateKey } = selfSignedCertificate()
      const server = createTlsServer({ key: privateKey, cert: certificate, minVersion: 'TLSv1.3' })
      server.on('secureConnection', (socket) => sendFile(path, socket))
      return JSON.stringify({ port: await listenOnLoopback(server), certificate })
    },
    async fetch(offer, folder) {
      const { port, certificate: ca } = JSON.parse(offer) as { port: number; certificate: string }
      const startMs = performance.now()
      const socket = connectTls({ port, host: '127.0.0.1', ca, checkServerIdentity: () => undefined })
      await once(socket, 'secureConnect')
      await receiveFile(socket, folder)
      return performance.now() - startMs
    },
  }
}

function sendFile(path: string, socket: Socket): void {
  // The receiver ends the process when it has what it wants.
  pipeline(createReadStream(path, { highWaterMark: PIECE_BYTES }), socket).catch(() => {})
}

async function receiveFile(socket: Socket, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  const path = join(folder, 'fetched')
  await pipeline(socket, createWriteStream(path, { highWaterMark: 4 * PIECE_BYTES }))
  await using file = await open(path, 'r+')
  await file.sync()
}

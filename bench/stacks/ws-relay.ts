import { createPublicKey, randomBytes, verify } from 'node:crypto'
import { createServer } from 'node:http'
import { listenOnLoopback } from '../lib/loopback.js'
import { RelayClients, type RelayDialect } from '../lib/relay-channel.js'
import type { Stack } from '../lib/stack.js'
import { type WsConnection, wsLibrary } from '../lib/ws-library.js'
import { textFrame, WsSocket } from '../lib/ws-socket.js'

const NONCE_BYTES = 32
/** A key in base64url. */
const KEY_CHARS = 43
/** Of an Ed25519 key in DER, before its 32 bytes. */
const SPKI_HEAD = Buffer.from('302a300506032b6570032100', 'hex')
const MAX_FRAME_BYTES = 32_768
const WELCOME = 'ok'
/** Of an envelope of ours without its body: the messages are as long as ours. */
const ENVELOPE_BYTES = 170

/**
 * The least that a relay can be: a nonce signed and verified, and then every text goes to whom its first characters name,
 * looked up in a map. Nothing is parsed, limited, timed or counted.
 */
export function wsRelayStack(): Stack {
  const clients = new RelayClients(DIALECT)
  return {
    async serve() {
      const { WebSocketServer } = wsLibrary()
      const server = createServer({ noDelay: true })
      const sockets = new WebSocketServer({
        server,
        clientTracking: false,
        perMessageDeflate: false,
        maxPayload: MAX_FRAME_BYTES,
      })
      const known = new Map<string, WsConnection>()
      sockets.on('connection', (connection) => serveClient(connection, known))
      return String(await listenOnLoopback(server))
    },
    connect: (address) => clients.connect(address),
  }
}

function serveClient(connection: WsConnection, known: Map<string, WsConnection>): void {
  let key: string | undefined
  let nonce: Buffer | undefined
  let isKnown = false
  connection.on('error', () => connection.close())
  connection.on('close', () => {
    if (key !== undefined && known.get(key) === connection) known.delete(key)
  })
  connection.on('message', (data) => {
    if (isKnown) {
      known.get(data.toString('latin1', 0, KEY_CHARS))?.send(data, { binary: false })
    } else if (key === undefined) {
      key = data.toString('latin1')
      nonce = randomBytes(NONCE_BYTES)
      connection.send(nonce.toString('base64url'), { binary: false })
    } else if (nonce !== undefined && isProved(key, nonce, data)) {
      isKnown = true
      known.set(key, connection)
      connection.send(WELCOME, { binary: false })
    } else connection.close()
  })
}

function isProved(key: string, nonce: Uint8Array, data: Buffer): boolean {
  const der = Buffer.concat([SPKI_HEAD, Buffer.from(key, 'base64url')])
  const publicKey = createPublicKey({ key: der, format: 'der', type: 'spki' })
  return verify(null, nonce, publicKey, Buffer.from(data.toString('latin1'), 'base64url'))
}

const DIALECT: RelayDialect = {
  async logIn(port, signer) {
    const socket = await WsSocket.connect(port, 'relay')
    const nonce = await socket.ask(textFrame(base64url(signer.publicKey)))
    const answer = await socket.ask(textFrame(base64url(signer.sign(Buffer.from(nonce, 'base64url')))))
    if (answer !== WELCOME) throw new Error(`expected ${WELCOME}, got ${answer}`)
    return socket
  },
  message: (_from, to, bodyBytes) =>
    base64url(to.publicKey).padEnd(Math.ceil(((ENVELOPE_BYTES + bodyBytes) * 4) / 3), 'A'),
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url')
}

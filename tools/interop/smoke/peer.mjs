// Two peers authenticate over TCP; a message goes each way and is acknowledged.
import assert from 'node:assert/strict'
import { createSigner, generateSeed } from '@mimirjs/crypto'
import { Peer } from '@mimirjs/peer'
import { Transports } from '@mimirjs/transport'
import { tcp } from '@mimirjs/transport/tcp'
import { MessageType } from '@mimirjs/wire/peer'

const text = 'здравствуй, 世界 👋'

/** @param {string} payload */
const message = (payload, guid = 1n) => ({
  guid,
  replyTo: 0n,
  sendTimeMs: 1n,
  editTimeMs: 0n,
  messageType: MessageType.text,
  payload: new TextEncoder().encode(payload),
})

/** @param {number} clientId */
function person(clientId) {
  const signer = createSigner(generateSeed())
  /** @type {string[]} */
  const received = []
  /** @type {(() => void)[]} */
  const waiting = []
  const peer = new Peer({
    signer,
    transports: new Transports([tcp()]),
    clientId,
    onConnection: (connection) => ({
      message: (incoming) => {
        received.push(new TextDecoder().decode(incoming.payload))
        connection.acknowledge(incoming.guid)
        if (connection.role === 'acceptor') connection.send(message(`${received.at(-1)}!`, 2n))
      },
      acknowledged: () => waiting.shift()?.(),
      closed: () => {},
    }),
  })
  /** @type {() => Promise<void>} */
  const acknowledged = () => new Promise((resolve) => waiting.push(resolve))
  return { peer, publicKey: signer.publicKey, received, acknowledged }
}

const [ann, ben] = [person(1), person(2)]
const listener = await ben.peer.listen('tcp://127.0.0.1:0')
const connection = await ann.peer.connect(ben.publicKey, [listener.address])
assert.deepEqual(connection.remotePublicKey, ben.publicKey)
const both = Promise.all([ann.acknowledged(), ben.acknowledged()])
connection.send(message(text))
await both
assert.deepEqual([ben.received, ann.received], [[text], [`${text}!`]])
await Promise.all([ann.peer.close(), ben.peer.close()])
console.log('handshake, two messages, two acknowledgements')

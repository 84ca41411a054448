// Two nodes of the overlay, of which one dials the other, over every kind of link: a stream is echoed, a datagram and a
// raw packet are answered.
import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { Yggdrasil } from '@mimirjs/yggdrasil'

const PORT = 80
const content = Uint8Array.from({ length: 1_000_000 }, (_, at) => at % 251)

/** @typedef {import('@mimirjs/yggdrasil').Yggdrasil} Node */

/** Send everything, half-close, and read until the other end closes too. @param {Node} node @param {Node} other */
async function echoed(node, other) {
  const stream = await node.openStream(other.publicKey, PORT)
  assert.deepEqual(stream.remotePublicKey, other.publicKey)
  /** @type {Uint8Array[]} */
  const came = []
  /** @type {Promise<void>} */
  const closed = new Promise((resolve, reject) => {
    stream.start({
      data: (chunk) => came.push(chunk.slice()),
      end() {},
      drain() {},
      closed: (error) => (error === undefined ? resolve() : reject(error)),
    })
  })
  stream.write(content.slice())
  stream.end()
  await closed
  return Buffer.concat(came)
}

/** @param {Node} node @param {Node} other */
async function answered(node, other) {
  const socket = node.datagrams(PORT)
  /** @type {Promise<Uint8Array>} */
  const datagram = new Promise((resolve) => {
    socket.start({ message: (bytes) => resolve(bytes.slice()), closed() {} })
  })
  socket.send(Uint8Array.of(1, 2, 3), socket.peer(`ygg://${Buffer.from(other.publicKey).toString('hex')}:${PORT}`))
  assert.deepEqual(await datagram, Uint8Array.of(1, 2, 3))
  await socket.close()
  /** @type {Promise<Uint8Array>} */
  const packet = new Promise((resolve) => node.receive((_, bytes) => resolve(bytes.slice())))
  node.send(other.publicKey, content.subarray(0, 65_535))
  assert.equal(Buffer.compare(await packet, content.subarray(0, 65_535)), 0)
}

const folder = mkdtempSync(join(tmpdir(), 'mimirjs-smoke-'))
try {
  const schemes = ['tcp', 'tls', 'ws', ...(process.platform === 'win32' ? [] : ['unix'])]
  for (const scheme of schemes) {
    const uri = scheme === 'unix' ? `unix://${join(folder, 'node.sock')}` : `${scheme}://127.0.0.1:0`
    const ben = await Yggdrasil.start({ listen: [uri] })
    await ben.listen(PORT, {
      onStream: (stream) =>
        stream.start({
          data: (chunk) => void (stream.write(chunk.slice()) || stream.pause()),
          end: () => stream.end(),
          drain: () => stream.resume(),
          closed() {},
        }),
    })
    const socket = ben.datagrams(PORT)
    socket.start({ message: (bytes, from) => socket.send(bytes.slice(), from), closed() {} })
    ben.receive((from, packet) => void ben.send(from, packet))

    const ann = await Yggdrasil.start({ peers: ben.listenAddresses })
    assert.equal(Buffer.compare(await echoed(ann, ben), content), 0)
    await answered(ann, ben)
    await Promise.all([ann.close(), ben.close()])
  }
  console.log(`stream, datagram and raw packet over ${schemes.join(', ')}`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}

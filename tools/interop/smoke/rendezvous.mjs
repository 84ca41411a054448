// A server, and two people who log in at it: one knocks, the other lets it in. Where WebRTC loads they have a link, and a
// message on it is acknowledged; elsewhere connecting says what is missing.
import assert from 'node:assert/strict'
import { createSigner, generateSeed } from '@mimirjs/crypto'
import { RendezvousNode } from '@mimirjs/rendezvous'
import { nodePlatform } from '@mimirjs/rendezvous/node'
import { RendezvousServer } from '@mimirjs/rendezvous/server'

const server = await RendezvousServer.open({ listen: 'ws://127.0.0.1:0' })

/** Somebody who is logged in. */
async function person() {
  const signer = createSigner(generateSeed())
  const node = await RendezvousNode.open({ signer, platform: nodePlatform(), servers: [server.address] })
  await new Promise((resolve) => node.on('server', ({ state }) => state === 'ready' && resolve(undefined)))
  return node
}

/** Optional, and without a build for some platforms. */
const webRtc = '@roamhq/wrtc'
const hasWebRtc = await import(webRtc).then(
  () => true,
  () => false,
)
const [ann, ben] = [await person(), await person()]
ben.on('knock', ({ publicKey }) => ben.accept(publicKey))
/** @type {Promise<string>} */
const heard = new Promise((resolve) => ben.on('link', (link) => link.on('chat', ({ text }) => resolve(text))))
if (hasWebRtc) {
  const link = await ann.connect(ben.publicKey)
  await link.sendChat('hello')
  assert.equal(await heard, 'hello')
} else await assert.rejects(ann.connect(ben.publicKey), { name: 'RendezvousError', code: 'unsupported' })
assert.equal(server.stats().logins, 2)
assert.ok(server.stats().envelopes.relayed > 0)
await Promise.all([ann.close(), ben.close()])
await server.close()
console.log(`two logins, a knock, ${hasWebRtc ? 'a link over WebRTC' : 'no WebRTC here'}`)

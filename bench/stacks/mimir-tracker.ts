import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createSigner, generateSeed } from '@mimirjs/crypto'
import { createTracker, type TrackerLimits } from '@mimirjs/tracker'
import { fromHex, toHex } from '@mimirjs/wire'
import { decodeAnnounceResponse, encodeAnnounceRequest, encodeGetAddrsRequest } from '@mimirjs/wire/tracker'
import type { Stack } from '../lib/stack.js'
import { RESOLVE_ANSWER_BYTES } from '../lib/tracker-sizes.js'
import { openUdpChannel } from '../lib/udp-channel.js'

/** Users that are announced, and resolved in turn. */
const USERS = 256
/** All load comes from one address here, which the defaults exist to prevent. */
const LIMITS: Partial<TrackerLimits> = {
  usersPerSource: Infinity,
  getAddrsPerSecond: Infinity,
  getAddrsBurst: Infinity,
  announcesPerSecond: Infinity,
  announcesBurst: Infinity,
  checksPerSecond: Infinity,
}

/** Our tracker over UDP with its database, one signed record per user. */
export function mimirTrackerStack(): Stack {
  return {
    async serve() {
      const tracker = await createTracker({ address: 'udp://127.0.0.1:0', store: ':memory:', limits: LIMITS })
      const port = Number(new URL(tracker.address.replace('udp:', 'http:')).port)
      const users: string[] = []
      for (let i = 0; i < USERS; i++) users.push(toHex(await announceUser(port)))
      return JSON.stringify({ port, users })
    },
    connect(address) {
      const { port, users } = JSON.parse(address) as { port: number; users: string[] }
      const requests = users.map((user) => encodeGetAddrsRequest({ nonce: 0, publicKey: fromHex(user) }))
      return openUdpChannel(port, requests, RESOLVE_ANSWER_BYTES)
    },
  }
}

async function announceUser(port: number): Promise<Uint8Array> {
  const signer = createSigner(generateSeed())
  const address = new Uint8Array(16).fill(0x02)
  const signature = signer.sign(address)
  const socket = createSocket('udp4')
  const { publicKey } = signer
  socket.send(
    encodeAnnounceRequest({ nonce: 1, publicKey, port: 5050, priority: 3, clientId: 7, address, signature }),
    port,
    '127.0.0.1',
  )
  const [answer] = (await once(socket, 'message')) as [Uint8Array]
  socket.close()
  if (decodeAnnounceResponse(answer).ttlSeconds < 600n) throw new Error('the tracker refused an announce')
  return publicKey
}

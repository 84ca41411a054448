import { loadNote } from './lib/load.js'
import type { Report } from './lib/rows.js'
import type { Settings } from './lib/settings.js'
import { openRows, streamRows } from './rendezvous/links.js'
import { clientMemoryRows, clients } from './rendezvous/memory.js'
import { BODY_BYTES, DEPTH, LANES, loginRows, relayRows } from './rendezvous/signalling.js'

// A server of ours beside a relay over the same WebSocket library that does the least a relay can; and two nodes with real
// WebRTC beside the WebRTC library alone. Nothing leaves this machine.

export async function run(settings: Settings): Promise<Report> {
  const rows = [
    ...(await loginRows(settings)),
    ...(await relayRows(settings)),
    ...(await clientMemoryRows(settings)),
    ...(await openRows(settings)),
    ...(await streamRows(settings)),
  ]
  const notes = [
    `login: connected, known and closed, ${LANES} lanes; ws-relay: a nonce signed and verified under the bare key, texts handed on by a look in a map, and nothing else`,
    `relay: envelopes with ${BODY_BYTES} bytes inside, ${DEPTH} under way between 16 pairs; limits per address and key are raised; ws-relay: messages as long`,
    `memory: ${clients(settings)} clients that are logged in and silent`,
    'open: from the knock until both have proved on the channel who they are, one after the other, over 1 and over 3 servers; wrtc: an offer and an answer handed over bare TCP to another process; wrtc-in-process: within one',
    'stream: 64 KiB bodies, 16 under way, in messages of 16 KiB; wrtc: a bare data channel',
    loadNote(),
  ]
  return { rows, notes }
}

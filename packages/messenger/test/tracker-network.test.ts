import { expect, test } from 'vitest'
import { canAnnounce } from '../src/tracker-network.js'

const KEY = 'ab'.repeat(32)
const TCP = ['udp://192.0.2.1:5050']
const OVERLAY = [`ygg://${KEY}:69`]

test.each<[string, readonly string[], string, boolean]>([
  ['a TCP address to trackers over UDP', TCP, 'tcp://[300::1]:5050', true],
  ['a TCP address to trackers of the overlay', OVERLAY, 'tcp://[300::1]:5050', false],
  ['a node of the overlay to trackers there', OVERLAY, `ygg://${KEY}:42`, true],
  ['a node of the overlay to trackers over UDP', TCP, `ygg://${KEY}:42`, false],
  ['what is on the local network to trackers over UDP', TCP, `mp2p://${KEY}@224.0.224.1:1024`, false],
  ['what is on the local network to trackers of the overlay', OVERLAY, `mp2p://${KEY}@224.0.224.1:1024`, false],
  ['a TCP address to no trackers', [], 'tcp://[300::1]:5050', true],
])('tell of %s', (_, trackers, address, can) => expect(canAnnounce(trackers, address)).toBe(can))

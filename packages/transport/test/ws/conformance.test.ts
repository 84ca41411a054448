import { describe, test } from 'vitest'
import { faultyStreams, type StreamConformanceOptions, streamConformance } from '../../src/testing/index.js'
import { ws, wss } from '../../src/ws/index.js'
import { testCertificate } from '../support/certificate.js'

const MEBIBYTE = 1024 * 1024
const tls = testCertificate()

const suites: Record<string, StreamConformanceOptions> = {
  'ws over IPv4': { transport: ws(), listenAddress: () => 'ws://127.0.0.1:0', connects: 500 },
  'ws over IPv6, with the smallest window': {
    transport: ws({ windowBytes: 65_536 }),
    listenAddress: () => 'ws://[::1]:0',
    transferBytes: 16 * MEBIBYTE,
    connects: 100,
  },
  wss: {
    transport: wss({ tls, ca: tls.cert }),
    listenAddress: () => 'wss://127.0.0.1:0',
    transferBytes: 16 * MEBIBYTE,
    connects: 50,
  },
  'ws in pieces, delayed and throttled': {
    transport: faultyStreams(ws(), { splitBytes: 20_000, delayMs: 3, bytesPerSecond: 20 * MEBIBYTE }, { seed: 8 }),
    listenAddress: () => 'ws://127.0.0.1:0',
    transferBytes: 4 * MEBIBYTE,
    connects: 50,
  },
}

for (const [name, options] of Object.entries(suites)) {
  describe(`streams: ${name}`, () => {
    for (const check of streamConformance(options)) test(check.name, { timeout: 60_000 }, check.run)
  })
}

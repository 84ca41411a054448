import { afterAll, beforeAll, describe, test } from 'vitest'
import { createMemoryNetwork } from '../src/memory.js'
import { tcp } from '../src/tcp.js'
import {
  type DatagramConformanceOptions,
  datagramConformance,
  faultyDatagrams,
  faultyStreams,
  type StreamConformanceOptions,
  streamConformance,
} from '../src/testing/index.js'
import { udp } from '../src/udp.js'
import { type SilentHost, silentHost } from './support/silent.js'

const MEBIBYTE = 1024 * 1024
let silent: SilentHost
let names = 0

beforeAll(async () => {
  silent = await silentHost()
})
afterAll(() => silent.close())

const memoryAddress = (): string => `memory://listener-${++names}`
const ipv4 = (): string => 'tcp://127.0.0.1:0'

const suites: Record<string, StreamConformanceOptions> = {
  'tcp over IPv4': { transport: tcp(), listenAddress: ipv4, silentAddress: () => silent.address },
  'tcp over IPv6': { transport: tcp(), listenAddress: () => 'tcp://[::1]:0', connects: 1_000 },
  memory: { transport: createMemoryNetwork().streams, listenAddress: memoryAddress },
  'memory in pieces of 1 to 7 bytes': {
    transport: faultyStreams(createMemoryNetwork().streams, { splitBytes: 7 }, { seed: 7 }),
    listenAddress: memoryAddress,
    transferBytes: MEBIBYTE,
    connects: 1_000,
  },
  'tcp in pieces, delayed and throttled': {
    transport: faultyStreams(tcp(), { splitBytes: 20_000, delayMs: 3, bytesPerSecond: 20 * MEBIBYTE }, { seed: 8 }),
    listenAddress: ipv4,
    transferBytes: 4 * MEBIBYTE,
    connects: 300,
  },
}

for (const [name, options] of Object.entries(suites)) {
  describe(`streams: ${name}`, () => {
    for (const check of streamConformance(options)) test(check.name, { timeout: 60_000 }, check.run)
  })
}

const datagramSuites: Record<string, DatagramConformanceOptions> = {
  'udp over IPv4': { transport: udp(), bindAddress: () => 'udp://127.0.0.1:0' },
  'udp over IPv6': { transport: udp(), bindAddress: () => 'udp://[::1]:0' },
  memory: { transport: createMemoryNetwork().datagrams, bindAddress: memoryAddress },
  'memory with delays': {
    transport: faultyDatagrams(createMemoryNetwork().datagrams, { delayMs: 3 }, { seed: 9 }),
    bindAddress: memoryAddress,
  },
}

for (const [name, options] of Object.entries(datagramSuites)) {
  describe(`datagrams: ${name}`, () => {
    for (const check of datagramConformance(options)) test(check.name, check.run)
  })
}

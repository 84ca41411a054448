import { readdirSync, readFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { fromHex } from '@mimirjs/wire'
import {
  decodePacket,
  decodeTraffic,
  FrameReader,
  isYggdrasilError,
  pathDistance,
  portsOf,
  scanTraffic,
  type Traffic,
  TrafficScan,
  writeForwardedTraffic,
} from '@mimirjs/yggdrasil/wire'
import { openGreeting } from '../../packages/yggdrasil/src/handshake.js'
import { parsePeerUri } from '../../packages/yggdrasil/src/links/uri.js'
import { yggdrasilCodecs } from '../conformance/codecs-yggdrasil.js'
import { cut } from './cut.js'
import { Broken, type FuzzTarget } from './target.js'

// Everything of a Yggdrasil node that reads bytes of a link, of a session or of a URI, by itself. What a router makes of
// whole sequences of packets has a file of its own.

const VECTORS = new URL('../../vectors/yggdrasil/', import.meta.url)
const vectors = readdirSync(VECTORS).flatMap(
  (file) =>
    JSON.parse(readFileSync(new URL(file, VECTORS), 'utf8')) as { readonly codec: string; readonly hex: string }[],
)

function seedsOf(codec: string): Uint8Array[] {
  return vectors.filter((vector) => vector.codec === codec).map(({ hex }) => fromHex(hex))
}

/** The code of a refusal. Anything else that is thrown is a bug, and goes on. */
function refusalOf(work: () => void): string | undefined {
  try {
    work()
    return undefined
  } catch (error) {
    if (isYggdrasilError(error)) return error.code
    throw error
  }
}

function checkEqual(got: unknown, expected: unknown, what: string): void {
  if (!isDeepStrictEqual(got, expected)) throw new Broken(what)
}

/** Refuse, or decode; and what was decoded means the same when written and read again. */
const codecs: readonly FuzzTarget[] = Object.entries(yggdrasilCodecs).map(([id, codec]) => {
  const read = codec.decode as (input: Uint8Array) => unknown
  const write = codec.encode as (value: unknown) => Uint8Array
  return {
    name: id,
    seeds: seedsOf(id),
    feed(input) {
      let value: unknown
      if (refusalOf(() => (value = read(input))) !== undefined) return
      const refusal = refusalOf(() => checkEqual(read(write(value)), value, 'it changes when written and read again'))
      if (refusal !== undefined) throw new Broken(`decoded, but not encoded and decoded again: ${refusal}`)
    },
  }
})

/** Frames of a stream that comes in pieces, and at last the refusal. */
function readFrames(pieces: Iterable<Uint8Array>): unknown[] {
  const reader = new FrameReader()
  const said: unknown[] = []
  let pushedBytes = 0
  const refusal = refusalOf(() => {
    for (const piece of pieces) {
      pushedBytes += piece.length
      reader.push(piece, (type, body) => {
        said.push([type, body.slice()])
        decodePacket(type, body)
      })
      if (reader.bufferedBytes > pushedBytes) throw new Broken('more bytes held than came')
    }
  })
  return [...said, refusal, refusal === undefined ? reader.bufferedBytes : 0]
}

const frames = seedsOf('ygg.frame')
const frameReader: FuzzTarget = {
  name: 'ygg.FrameReader',
  seeds: frames.map((bytes, index) => Uint8Array.from([...bytes, ...frames[(index * 7 + 3) % frames.length]!])),
  feed(input, random) {
    checkEqual(readFrames(cut(input, random)), readFrames([input]), 'cut it is something else than whole')
  },
}

/** Hops by the definition: ports, one by one. */
function distance(a: readonly bigint[], b: readonly bigint[]): number {
  let common = 0
  while (common < Math.min(a.length, b.length) && a[common] === b[common]) common++
  return a.length + b.length - 2 * common
}

/** The way without allocations against the plain one. */
const trafficScan: FuzzTarget = {
  name: 'ygg.TrafficScan',
  seeds: seedsOf('ygg.traffic'),
  feed(input, random) {
    const maxPathPorts = random.pick([0, 2, 512])
    const scan = new TrafficScan()
    let traffic: Traffic | undefined
    const refusal = refusalOf(() => (traffic = decodeTraffic(input, { maxPathPorts })))
    let isFound = false
    const scanRefusal = refusalOf(() => (isFound = scanTraffic(input, scan, maxPathPorts)))
    checkEqual(scanRefusal ?? (isFound ? undefined : 'too-large'), refusal, 'scan and decoder disagree')
    if (traffic === undefined) return
    const watermark = random.below(2000)
    const frame = new Uint8Array(input.length + 16)
    const end = writeForwardedTraffic(scan, watermark, frame, 0)
    let forwarded: unknown
    new FrameReader().push(frame.subarray(0, end), (type, body) => (forwarded = decodePacket(type, body)))
    const expected = { type: 'traffic', ...traffic, watermark: BigInt(watermark) }
    checkEqual(forwarded, expected, 'more than the watermark changed on the way')
    const hops = pathDistance(scan.body, traffic.from)
    checkEqual(hops, distance(portsOf(traffic.path), portsOf(traffic.from)), 'the distance is another')
  },
}

const greeting: FuzzTarget = {
  name: 'ygg.openGreeting',
  seeds: seedsOf('ygg.metadata'),
  feed(input, random) {
    refusalOf(() => openGreeting(input, random.pick([new Uint8Array(0), new TextEncoder().encode('foo')])))
  },
}

/** Not read, or read and not to be had. */
const URI_REFUSALS: readonly (string | undefined)[] = [undefined, 'bad-uri', 'unsupported']
const uri: FuzzTarget = {
  name: 'ygg.parsePeerUri',
  seeds: [
    `tls://[200:1::2]:443/a/b?key=${'ab'.repeat(32)}&key=${'cd'.repeat(32)}&priority=7&password=p%C3%A4%26`,
    'wss://example.org/path?maxbackoff=1h2m3s&sni=example.net&x=y',
    'ws://0.0.0.0:0?origin=*&origin=https://example.org',
    'unix:///run/yggdrasil.sock?password=x',
    'tcp://127.0.0.1:12345?maxbackoff=30',
  ].map((text) => new TextEncoder().encode(text)),
  feed(input, random) {
    const text = new TextDecoder().decode(input)
    const refusal = refusalOf(() => parsePeerUri(text, random.pick(['dial', 'listen'] as const)))
    if (!URI_REFUSALS.includes(refusal)) throw new Broken(`refused with ${refusal}`)
  },
}

export const yggdrasilTargets: readonly FuzzTarget[] = [...codecs, frameReader, trafficScan, greeting, uri]

import {
  type Announce,
  BloomFilter,
  type CoreMessage,
  decodeAnnounce,
  decodeCoreMessage,
  decodeMetadata,
  decodePacketFrame,
  decodePath,
  decodePathBroken,
  decodePathLookup,
  decodePathNotify,
  decodeSessionInit,
  decodeSessionInitMessage,
  decodeSessionTraffic,
  decodeSigReq,
  decodeSigRes,
  decodeStreamPacket,
  decodeTraffic,
  decodeUvarint,
  encodeAnnounce,
  encodeCoreMessage,
  encodeMetadata,
  encodePacketFrame,
  encodePathBroken,
  encodePathLookup,
  encodePathNotify,
  encodeSessionInit,
  encodeSessionInitMessage,
  encodeSessionTraffic,
  encodeSigReq,
  encodeSigRes,
  encodeStreamPacket,
  encodeTraffic,
  encodeUvarint,
  type Metadata,
  type Packet,
  type PathBroken,
  type PathLookup,
  type PathNotify,
  pathOf,
  portsOf,
  type SessionInit,
  type SessionInitMessage,
  type SessionTraffic,
  type SigReq,
  type SigRes,
  type StreamPacket,
  type Traffic,
} from '@mimirjs/yggdrasil/wire'
import type { BytesCodec, CodecTable } from './codec.js'
import type { Shape } from './shape.js'

// Frames and bodies of Yggdrasil, and packets of ygg_stream. The package holds paths as bytes and filters as objects; in
// vectors a path is the list of its ports, and a filter the hex of its 128 words, each big-endian.

/** Members that are paths in the package, and lists of ports in vectors. */
const PATHS: ReadonlySet<string> = new Set(['path', 'from', 'infoPath'])
const PORTS: Shape = ['bigint']
const WORDS = 128

const SHAPES = {
  sigReq: { seq: 'bigint', nonce: 'bigint' },
  sigRes: { seq: 'bigint', nonce: 'bigint', port: 'bigint', psig: 'bytes' },
  announce: {
    key: 'bytes',
    parent: 'bytes',
    seq: 'bigint',
    nonce: 'bigint',
    port: 'bigint',
    psig: 'bytes',
    sig: 'bytes',
  },
  bloomFilter: { words: 'bytes' },
  pathLookup: { source: 'bytes', dest: 'bytes', from: PORTS },
  pathNotify: {
    path: PORTS,
    watermark: 'bigint',
    source: 'bytes',
    dest: 'bytes',
    infoSeq: 'bigint',
    infoPath: PORTS,
    infoSig: 'bytes',
  },
  pathBroken: { path: PORTS, watermark: 'bigint', source: 'bytes', dest: 'bytes' },
  traffic: { path: PORTS, from: PORTS, source: 'bytes', dest: 'bytes', watermark: 'bigint', payload: 'bytes' },
} as const satisfies Record<string, Shape>

/** The row of a body; `Value` is what the package's functions take and give. */
function body<Value extends object>(
  shape: Shape,
  decode: (body: Uint8Array) => Value,
  encode: (value: Value) => Uint8Array,
): BytesCodec {
  return {
    shape,
    decode: (bytes) => withPorts(decode(bytes)),
    encode: (value: object) => encode(withPaths(value) as Value),
  }
}

function withPorts(value: object): object {
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, PATHS.has(name) ? portsOf(member as Uint8Array) : member]),
  )
}

function withPaths(value: object): object {
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, PATHS.has(name) ? pathOf(member as bigint[]) : member]),
  )
}

/** Bit i of a filter is bit i mod 64, from the lowest, of word ⌊i/64⌋: its wire form, with no word left out. */
function wordsOf(filter: BloomFilter): Uint8Array {
  const encoded = filter.encode()
  const words = new Uint8Array(8 * WORDS)
  let at = WORDS / 4
  for (let word = 0; word < WORDS; word++) {
    const flag = 0x80 >> (word % 8)
    if ((encoded[word >> 3]! & flag) !== 0) continue
    if ((encoded[WORDS / 8 + (word >> 3)]! & flag) !== 0) {
      words.fill(0xff, 8 * word, 8 * word + 8)
    } else {
      words.set(encoded.subarray(at, at + 8), 8 * word)
      at += 8
    }
  }
  return words
}

/** A filter with these words, through the longest wire form: no flag at all. */
function filterOf(words: Uint8Array): BloomFilter {
  const encoded = new Uint8Array(WORDS / 4 + words.length)
  encoded.set(words, WORDS / 4)
  return BloomFilter.decode(encoded)
}

const bloomFilter: BytesCodec = {
  shape: SHAPES.bloomFilter,
  decode: (bytes) => ({ words: wordsOf(BloomFilter.decode(bytes)) }),
  encode: ({ words }: { words: Uint8Array }) => filterOf(words).encode(),
}

/** Every member that a packet of any type has. */
const frame: BytesCodec = {
  shape: Object.assign({}, ...Object.values(SHAPES)) as Shape,
  decode(bytes) {
    const packet = decodePacketFrame(bytes)
    return packet.type === 'bloomFilter' ? { type: packet.type, words: wordsOf(packet.filter) } : withPorts(packet)
  },
  encode(value: Packet & { words?: Uint8Array }) {
    if (value.type !== 'bloomFilter') return encodePacketFrame(withPaths(value) as Packet)
    return encodePacketFrame({ type: 'bloomFilter', filter: filterOf(value.words ?? new Uint8Array(0)) })
  },
}

export const yggdrasilCodecs: CodecTable = {
  'ygg.metadata': {
    shape: { publicKey: 'bytes', signature: 'bytes' },
    decode: decodeMetadata,
    encode: (metadata: Metadata) => encodeMetadata(metadata),
  },
  'ygg.frame': frame,
  'ygg.sigReq': body<SigReq>(SHAPES.sigReq, decodeSigReq, encodeSigReq),
  'ygg.sigRes': body<SigRes>(SHAPES.sigRes, decodeSigRes, encodeSigRes),
  'ygg.announce': body<Announce>(SHAPES.announce, decodeAnnounce, encodeAnnounce),
  'ygg.bloomFilter': bloomFilter,
  'ygg.pathLookup': body<PathLookup>(SHAPES.pathLookup, decodePathLookup, encodePathLookup),
  'ygg.pathNotify': body<PathNotify>(SHAPES.pathNotify, decodePathNotify, encodePathNotify),
  'ygg.pathBroken': body<PathBroken>(SHAPES.pathBroken, decodePathBroken, encodePathBroken),
  'ygg.traffic': body<Traffic>(SHAPES.traffic, decodeTraffic, encodeTraffic),
  'ygg.path': {
    shape: PORTS,
    decode: (bytes) => portsOf(decodePath(bytes)),
    encode: (ports: readonly bigint[]) => pathOf(ports),
  },
  'ygg.uvarint': { shape: 'bigint', decode: decodeUvarint, encode: (value: bigint) => encodeUvarint(value) },
  'ygg.core': {
    shape: { packet: 'bytes', json: 'bytes', body: 'bytes' },
    decode: decodeCoreMessage,
    encode: (message: CoreMessage) => encodeCoreMessage(message),
  },
  'ygg.sessionInitMessage': {
    shape: { ephemeralKey: 'bytes', sealed: 'bytes' },
    decode: decodeSessionInitMessage,
    encode: (message: SessionInitMessage) => encodeSessionInitMessage(message),
  },
  'ygg.sessionInit': {
    shape: { signature: 'bytes', current: 'bytes', next: 'bytes', keySeq: 'bigint', seq: 'bigint' },
    decode: decodeSessionInit,
    encode: (init: SessionInit) => encodeSessionInit(init),
  },
  'ygg.sessionTraffic': {
    shape: { localKeySeq: 'bigint', remoteKeySeq: 'bigint', nonce: 'bigint', sealed: 'bytes' },
    decode: decodeSessionTraffic,
    encode: (traffic: SessionTraffic) => encodeSessionTraffic(traffic),
  },
  'ygg.stream': {
    shape: { data: 'bytes' },
    decode: decodeStreamPacket,
    encode: (packet: StreamPacket) => encodeStreamPacket(packet),
  },
}

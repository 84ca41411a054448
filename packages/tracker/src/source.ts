import { type DatagramPeer, isTransportError, parseAddress, parseIp } from '@mimirjs/transport'
import type { TrackerLimits } from './limits.js'
import { RotatingMap } from './rotating-map.js'
import { TokenBucket } from './token-bucket.js'

/**
 * Where an address lies: `overlay` is 200::/7 and `ygg://`, whose addresses are bound to keys; `local` is a transport without
 * IP addresses (the in-memory network).
 */
export type AddressScope = 'overlay' | 'loopback' | 'private' | 'public' | 'any' | 'local'

/** One sender as the limits see it: an IPv4 address, the /64 of an IPv6 address, or an overlay node. */
export interface Source {
  readonly key: string
  /** Hex of the node's public key, where the network proves it. */
  readonly nodeKey: string | undefined
  readonly scope: AddressScope
  readonly getAddrs: TokenBucket
  readonly announces: TokenBucket
}

/** 64 hex digits, as `parseAddress` leaves them. */
const NODE_KEY = /^[0-9a-f]{64}$/

/** Tells the senders apart and remembers a bounded number of them. */
export class Sources {
  readonly #limits: TrackerLimits
  /** By the host as it came, so that most datagrams need no parsing; and by what the limits count. */
  readonly #byHost: RotatingMap<string, Source>
  readonly #byKey: RotatingMap<string, Source>

  constructor(limits: TrackerLimits) {
    this.#limits = limits
    this.#byHost = new RotatingMap(limits.sources)
    this.#byKey = new RotatingMap(limits.sources)
  }

  /** @returns `undefined` for a sender whose address cannot be read: no system should report one */
  of(peer: DatagramPeer, nowMs: number): Source | undefined {
    const host = peer.host ?? peer.address
    const known = this.#byHost.get(host)
    if (known !== undefined) return known
    const found = tryClassify(peer.address)
    if (found === undefined) return undefined
    const { key, scope, nodeKey } = found
    let source = this.#byKey.get(key)
    if (source === undefined) {
      const { getAddrsPerSecond, getAddrsBurst, announcesPerSecond, announcesBurst } = this.#limits
      source = {
        key,
        nodeKey,
        scope,
        getAddrs: new TokenBucket(getAddrsPerSecond, getAddrsBurst, nowMs),
        announces: new TokenBucket(announcesPerSecond, announcesBurst, nowMs),
      }
      this.#byKey.set(key, source)
    }
    this.#byHost.set(host, source)
    return source
  }
}

/**
 * What the limits count an address as, and where it lies.
 * @throws {TransportError} `bad-address`
 */
export function classify(address: string): { key: string; scope: AddressScope; nodeKey?: string } {
  const { scheme, host } = parseAddress(address)
  if (scheme === 'ygg' && NODE_KEY.test(host)) return { key: `ygg://${host}`, scope: 'overlay', nodeKey: host }
  const ip = parseIp(host.split('%')[0]!)
  if (ip === undefined) return { key: `${scheme}://${host}`, scope: 'local' }
  const ipv4 = ip.length === 4 ? ip : mappedIpv4(ip)
  if (ipv4 !== undefined) return { key: ipv4.join('.'), scope: ipv4Scope(ipv4) }
  return { key: `${ip.subarray(0, 8).join('.')}/64`, scope: ipv6Scope(ip) }
}

function tryClassify(address: string): ReturnType<typeof classify> | undefined {
  try {
    return classify(address)
  } catch (error) {
    if (isTransportError(error)) return undefined
    throw error
  }
}

function mappedIpv4(ip: Uint8Array): Uint8Array | undefined {
  const mapped = ip.subarray(0, 10).every((byte) => byte === 0) && ip[10] === 0xff && ip[11] === 0xff
  return mapped ? ip.subarray(12) : undefined
}

function ipv4Scope(ip: Uint8Array): AddressScope {
  const [a, b] = [ip[0]!, ip[1]!]
  if (ip.every((byte) => byte === 0)) return 'any'
  if (a === 127) return 'loopback'
  if (a === 10 || (a === 172 && b >= 16 && b < 32) || (a === 192 && b === 168)) return 'private'
  if ((a === 169 && b === 254) || (a === 100 && b >= 64 && b < 128)) return 'private'
  return 'public'
}

function ipv6Scope(ip: Uint8Array): AddressScope {
  const [a, b] = [ip[0]!, ip[1]!]
  if (ip.subarray(0, 15).every((byte) => byte === 0)) {
    if (ip[15] === 0) return 'any'
    if (ip[15] === 1) return 'loopback'
  }
  if (a >>> 1 === 0x01) return 'overlay'
  if (a >>> 1 === 0x7e || (a === 0xfe && b >>> 6 === 2)) return 'private'
  return 'public'
}

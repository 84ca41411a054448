import { formatAddress, isTransportError, parseAddress, parseIp } from '@mimirjs/transport'

const UNKNOWN: Uint8Array = new Uint8Array(0)

/** Where a node of multicast listens. Unlike a node key of an overlay, its identity key is not all of its place. */
const MULTICAST_ADDRESS = /^mp2p:\/\/([0-9a-f]{64})(?:@|$)/
/** A person reached through rendezvous: the key is the whole address. Source: rendezvous protocol B3. */
const RENDEZVOUS_ADDRESS = /^rdv:\/\/([0-9a-f]{64})$/

/**
 * The end of a stream as 16 or 32 bytes: the node key an overlay proves, else the IPv6 address of its URL; empty for
 * anything else.
 */
export function channelAddress(address: string, publicKey?: Uint8Array): Uint8Array {
  if (publicKey !== undefined) return publicKey
  const host = hostOf(address)
  if (/^[0-9a-f]{64}$/.test(host)) {
    return Uint8Array.from({ length: 32 }, (_, at) => Number.parseInt(host.slice(2 * at, 2 * at + 2), 16))
  }
  const ip = parseIp(host)
  return ip?.length === 16 ? ip : UNKNOWN
}

/**
 * Whom the limits per remote address count as one: the host without its port, and of IPv6 the first 64 bits, for
 * whoever has one such address has all of them.
 */
export function addressGroup(address: string): string {
  const host = hostOf(address)
  const ip = parseIp(host)
  return ip?.length === 16 ? `${ip.subarray(0, 8).join('.')}/64` : host
}

/** By what network an address leads: its scheme. */
export function networkOf(address: string): string {
  return address.slice(0, Math.max(0, address.indexOf(':')))
}

/**
 * Where the other end of a stream that we accepted can be dialled, on networks that prove node keys: at its node, on the
 * port on which it reached us. Everybody has the same service there, and the port of its own end is one for that stream.
 */
export function dialBackAddress(remoteAddress: string, localAddress: string): string {
  // Their streams have no ports: the other end is named by where it listens.
  if (keyIn(remoteAddress) !== undefined) return remoteAddress
  const { scheme, host } = parseAddress(remoteAddress)
  return formatAddress({ scheme, host, port: parseAddress(localAddress).port })
}

/** The key in an address of a network without ports. */
function keyIn(address: string): string | undefined {
  return (MULTICAST_ADDRESS.exec(address) ?? RENDEZVOUS_ADDRESS.exec(address))?.[1]
}

function hostOf(address: string): string {
  const key = keyIn(address)
  if (key !== undefined) return key
  try {
    return parseAddress(address).host
  } catch (error) {
    if (isTransportError(error)) return address
    throw error
  }
}

import { formatAddress, formatIp, parseAddress, parseIp } from '@mimirjs/transport'
import { ResolverError } from './error.js'

const MAPPED_PREFIX: readonly number[] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]

/** An address of a record: 16 bytes in network order, and a port. IPv4 stands in it as `::ffff:a.b.c.d`. */
export interface RecordAddress {
  readonly address: Uint8Array
  readonly port: number
}

/**
 * `tcp://[200:…]:5050` or `tcp://192.0.2.1:5050` as a record carries it.
 * @throws {ResolverError} `bad-address` for names, zones, wildcards, multicast, port 0 and other schemes
 */
export function toRecordAddress(text: string): RecordAddress {
  const { host, port } = parse(text)
  const ip = parseIp(host)
  const wanted = 'an IP address others can dial, as in tcp://[200:db8::1]:5050'
  if (ip === undefined) throw new ResolverError('bad-address', `announce needs ${wanted}, got ${text}`)
  const address = ip.length === 16 ? ip : Uint8Array.from([...MAPPED_PREFIX, ...ip])
  if (!isDialable(address, port)) throw new ResolverError('bad-address', `announce needs ${wanted}, got ${text}`)
  return { address, port }
}

/** The URL to dial; `undefined` for what nobody can dial (wildcards, multicast, port 0). */
export function fromRecordAddress({ address, port }: RecordAddress): string | undefined {
  if (!isDialable(address, port)) return undefined
  const host = formatIp(isMapped(address) ? address.subarray(12) : address)
  return formatAddress({ scheme: 'tcp', host, port })
}

function parse(text: string): { host: string; port: number } {
  try {
    return parseAddress(text, 'tcp')
  } catch (cause) {
    throw new ResolverError('bad-address', `announce needs a tcp:// address, got ${text.slice(0, 80)}`, { cause })
  }
}

function isMapped(address: Uint8Array): boolean {
  return MAPPED_PREFIX.every((byte, index) => address[index] === byte)
}

function isDialable(address: Uint8Array, port: number): boolean {
  if (port === 0) return false
  if (isMapped(address)) {
    const first = address[12]!
    return first !== 0 && first < 224
  }
  return address[0] !== 0xff && address.some((byte) => byte !== 0)
}

import { formatAddress, formatIp, parseAddress, parseIp } from '@mimirjs/transport'
import { fromHex, toHex } from '@mimirjs/wire'
import { ResolverError } from './error.js'

const MAPPED_PREFIX: readonly number[] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]

/** An address of a record. */
export interface RecordAddress {
  /** An IP address of 16 bytes in network order, IPv4 as `::ffff:a.b.c.d`; or the 32-byte key of an overlay node. */
  readonly address: Uint8Array
  /** 0 where the generation fixes it. */
  readonly port: number
}

/** How the addresses of a generation are written as URLs. */
export interface AddressForm {
  /** @throws {ResolverError} `bad-address` for what nobody could dial */
  toRecord(text: string): RecordAddress
  /** The URL to dial; `undefined` for what nobody can dial. */
  toUrl(address: RecordAddress): string | undefined
}

const NODE_KEY = /^[0-9a-f]{64}$/
/** Where people are dialed on an overlay node (current generation §2.2). */
const PEER_PORT = 42

/**
 * `tcp://[200:…]:5050` or `tcp://192.0.2.1:5050` as a record carries it.
 * @throws {ResolverError} `bad-address` for names, zones, wildcards, multicast, port 0 and other schemes
 */
export function toRecordAddress(text: string): RecordAddress {
  const { host, port } = parse(text, 'tcp')
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

/** `tcp://[200:…]:5050` and `tcp://192.0.2.1:5050`. */
export const ipAddresses: AddressForm = { toRecord: toRecordAddress, toUrl: fromRecordAddress }

/** `ygg://<64 hex>:42`: the record names the node alone. */
export const nodeAddresses: AddressForm = {
  toRecord(text) {
    const { host, port } = parse(text, 'ygg')
    if (!NODE_KEY.test(host) || port !== PEER_PORT) {
      throw new ResolverError(
        'bad-address',
        `announce needs ygg://, the 64 hex digits of the key of our node, and port ${PEER_PORT}, got ${text.slice(0, 120)}`,
      )
    }
    return { address: fromHex(host), port: 0 }
  },
  toUrl: ({ address }) => formatAddress({ scheme: 'ygg', host: toHex(address), port: PEER_PORT }),
}

/** Whether the host of an address is the key of an overlay node. */
export function isNodeKey(host: string): boolean {
  return NODE_KEY.test(host)
}

function parse(text: string, scheme: string): { host: string; port: number } {
  try {
    return parseAddress(text, scheme)
  } catch (cause) {
    throw new ResolverError('bad-address', `announce needs a ${scheme}:// address, got ${text.slice(0, 80)}`, { cause })
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

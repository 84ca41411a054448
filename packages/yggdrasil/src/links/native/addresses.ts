import { lookup } from 'node:dns/promises'
import { formatIp, parseIp } from '@mimirjs/transport'
import { YggdrasilError } from '../../error.js'
import { systemError } from './errors.js'

/**
 * The IP addresses to dial, in the order the system prefers, without those that nobody can have alone.
 * @param host - a name, or a literal, perhaps with `%zone`
 * @throws {YggdrasilError} `unreachable`
 */
export async function dialAddresses(host: string, doing: string): Promise<string[]> {
  const found = isLiteral(host) ? [host] : await resolve(host, doing)
  const usable = found.filter(isUsable)
  if (usable.length > 0) return usable
  throw new YggdrasilError(
    'unreachable',
    `${doing}: no address to dial among ${found.join(', ') || 'none'}: unspecified and multicast ones are nobody's`,
  )
}

async function resolve(host: string, doing: string): Promise<string[]> {
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address)
  } catch (error) {
    throw systemError(error as Error, doing)
  }
}

function isLiteral(host: string): boolean {
  return parseIp(host.replace(/%.*$/, '')) !== undefined
}

/** Whether somebody can have this address: it is neither unspecified nor multicast. */
export function isUsable(address: string): boolean {
  let bytes = parseIp(address.replace(/%.*$/, ''))
  if (bytes === undefined) return false
  // An IPv4 address in IPv6 clothes is judged as what it is.
  if (bytes.length === 16 && formatIp(bytes).startsWith('::ffff:')) bytes = bytes.subarray(12)
  const isMulticast = bytes.length === 4 ? (bytes[0]! & 0xf0) === 0xe0 : bytes[0] === 0xff
  return !isMulticast && bytes.some((byte) => byte !== 0)
}

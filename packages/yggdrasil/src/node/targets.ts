import { isPoint, isSmallOrder } from '@mimirjs/crypto'
import { parseIp, TransportError } from '@mimirjs/transport'
import { isAddress, isSubnet, SUBNET_BYTES } from '../address.js'
import { YggdrasilError } from '../error.js'
import { parseKey } from '../key.js'
import type { Target } from './requests.js'
import type { KeyLike } from './types.js'

// What callers name nodes by.

/** @throws {YggdrasilError} `bad-key`, also for what nobody can have: no point, or one that anybody can sign with */
export function parseUsableKey(key: KeyLike): Uint8Array {
  const parsed = parseKey(key)
  if (isPoint(parsed) && !isSmallOrder(parsed)) return parsed
  throw new YggdrasilError(
    'bad-key',
    'public key: expected a point of the curve that is not of small order; nobody has this',
  )
}

/** The same for transports. @throws {TransportError} `bad-address` */
export function keyToDial(key: KeyLike): Uint8Array {
  try {
    return parseUsableKey(key)
  } catch (cause) {
    throw new TransportError('bad-address', cause instanceof Error ? cause.message : 'no key', { cause })
  }
}

/** A key, an address or a subnet. @throws {YggdrasilError} `bad-key` */
export function parseTarget(target: KeyLike): Target {
  if (typeof target !== 'string' || !target.includes(':')) return parseUsableKey(target)
  const [text = '', length] = target.split('/')
  const bytes = parseIp(text)
  if (bytes !== undefined && isAddress(bytes) && length === undefined) return bytes
  const subnet = bytes?.slice(0, SUBNET_BYTES)
  if (subnet !== undefined && isSubnet(subnet) && length === '64') return subnet
  const expected = 'expected a key of 64 hex digits, an address as 200:…, or a subnet as 300:…::/64'
  throw new YggdrasilError('bad-key', `look-up of ${target}: ${expected}`)
}

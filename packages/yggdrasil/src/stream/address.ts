import { parseAddress, TransportError } from '@mimirjs/transport'
import { fromHex, toHex } from '../hex.js'
import { isKeyAt, KEY_BYTES } from '../key.js'

/** The scheme of addresses over the overlay. */
export const SCHEME = 'ygg'
/** The host that stands for the own key where something is listened on. */
const ANY_HOST = '::'

/** A port of a node. */
export interface OverlayAddress {
  /** 32 bytes. */
  readonly key: Uint8Array
  readonly port: number
}

/** `ygg://<64 hex digits>:<port>` */
export function formatOverlayAddress(key: Uint8Array, port: number): string {
  return `${SCHEME}://${toHex(key)}:${port}`
}

/**
 * Where to send to: `ygg://<64 hex digits>:<port>`, the port from 1.
 * @throws {TransportError} `bad-address`
 */
export function parseRemoteAddress(text: string): OverlayAddress {
  const { host, port } = parseAddress(text, SCHEME)
  const key = parseHost(host)
  if (key === undefined) throw badAddress(text, 'a public key of 64 hex digits before the port')
  if (port === 0) throw badAddress(text, 'a port from 1 to 65535')
  return { key, port }
}

/**
 * The port to listen on: `ygg://<own key>:<port>`, or `ygg://[::]:<port>`, which is the same. 0: any port.
 * @throws {TransportError} `bad-address`
 */
export function parseLocalAddress(text: string, ownKey: Uint8Array): number {
  const { host, port } = parseAddress(text, SCHEME)
  if (host === ANY_HOST) return port
  const key = parseHost(host)
  if (key === undefined || !isKeyAt(key, 0, ownKey)) {
    throw badAddress(text, `the key of this node, ${toHex(ownKey)}, or [::] for it`)
  }
  return port
}

function parseHost(host: string): Uint8Array | undefined {
  return host.length === 2 * KEY_BYTES ? fromHex(host) : undefined
}

function badAddress(text: string, expected: string): TransportError {
  return new TransportError('bad-address', `expected ${expected}, got ${JSON.stringify(text.slice(0, 100))}`)
}

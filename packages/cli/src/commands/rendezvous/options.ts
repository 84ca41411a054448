import { isTransportError, parseAddress, parseIp } from '@mimirjs/transport'
import { isWireError } from '@mimirjs/wire'
import { checkServerUrl } from '@mimirjs/wire/rendezvous'
import { InvalidArgumentError } from 'commander'
import { capital } from '../../options.js'

/** Where a rendezvous server is to listen. @throws {InvalidArgumentError} */
export function parseServerListen(text: string): string {
  try {
    parseAddress(text, text.startsWith('wss:') ? 'wss' : 'ws')
    return text
  } catch (error) {
    if (!isTransportError(error)) throw error
    throw new InvalidArgumentError(capital(error.message).replace('scheme://', 'ws://'))
  }
}

/** Whether somebody could dial what listens there and has no name: over TLS anybody, else this machine alone. */
export function isDialable(listen: string): boolean {
  try {
    // Listening everywhere is listening here, too.
    checkServerUrl(listen.replace(/\/\/(0\.0\.0\.0|\[::\]):/, '//localhost:'))
    return true
  } catch (error) {
    if (!isWireError(error)) throw error
    return false
  }
}

/** An IP address, or a network as `10.0.0.0/8`. @throws {InvalidArgumentError} */
export function parseProxy(text: string): string {
  const [address = '', bits, ...more] = text.split('/')
  const mostBits = (parseIp(address)?.length ?? 0) * 8
  const isNetwork = bits === undefined || (/^[0-9]{1,3}$/.test(bits) && Number(bits) <= mostBits)
  if (mostBits > 0 && isNetwork && more.length === 0) return text
  throw new InvalidArgumentError('Expected an IP address or a network, such as 127.0.0.1 or 10.0.0.0/8')
}

/** @throws {InvalidArgumentError} */
export function parseHttp(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol === 'http:' && url.pathname === '/' && url.search === '') return text
  throw new InvalidArgumentError('Expected an address such as http://127.0.0.1:9100')
}

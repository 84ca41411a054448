import { BlockList, isIP } from 'node:net'
import { parseIp, unmapIpv4 } from '@mimirjs/transport'
import { RendezvousError } from '../error.js'

/** Somebody has a whole network of this many bits in IPv6, and changes addresses in it at will. */
const IPV6_NETWORK_BYTES = 8

/** Whose address a connection counts under. */
export class Sources {
  readonly #trusted = new BlockList()

  /** @throws {RendezvousError} `misuse` for what is neither address nor network */
  constructor(trustedProxies: readonly string[] = []) {
    for (const text of trustedProxies) {
      const [address = '', bits, ...more] = text.split('/')
      const family = isIP(address)
      const isWhole = bits === undefined || /^[0-9]{1,3}$/.test(bits)
      const most = family === 4 ? 32 : 128
      const length = bits === undefined ? most : Number(bits)
      if (family === 0 || !isWhole || more.length > 0 || length > most)
        throw new RendezvousError(
          'misuse',
          `trustedProxies: expected addresses or networks such as 127.0.0.1 or 10.0.0.0/8, got ${JSON.stringify(text)}`,
        )
      this.#trusted.addSubnet(address, length, family === 4 ? 'ipv4' : 'ipv6')
    }
  }

  isTrusted(remoteAddress: string): boolean {
    const address = unmapIpv4(remoteAddress)
    const family = isIP(address)
    return family !== 0 && this.#trusted.check(address, family === 4 ? 'ipv4' : 'ipv6')
  }

  /**
   * @param remoteAddress - what the system says
   * @param forwardedFor - what the request says; believed as far as trusted proxies wrote it, from its end on
   */
  of(remoteAddress: string, forwardedFor: string | undefined): string {
    let address = unmapIpv4(remoteAddress)
    const hops = forwardedFor === undefined ? [] : forwardedFor.split(',').slice(-MAX_HOPS)
    while (this.isTrusted(address)) {
      const before = unmapIpv4((hops.pop() ?? '').trim())
      if (isIP(before) === 0) break
      address = before
    }
    return networkOf(address)
  }
}

const MAX_HOPS = 16

/** An IPv4 address as it is, an IPv6 address as the /64 network that it is in. */
export function networkOf(address: string): string {
  const bytes = parseIp(address.replace(/%.*$/, ''))
  if (bytes?.length !== 16) return address
  return `${bytes.subarray(0, IPV6_NETWORK_BYTES).join('.')}/64`
}

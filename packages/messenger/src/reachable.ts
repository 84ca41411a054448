import { formatAddress, parseAddress } from '@mimirjs/transport'

/**
 * The address to announce for a listener: its own, or, when it listens on every interface, this machine's Yggdrasil
 * address (200::/7), which is the one that others can reach from anywhere (peer protocol §2).
 *
 * @returns undefined when there is none
 */
export function reachableAddress(listening: string, hostAddresses: readonly string[]): string | undefined {
  const { scheme, host, port } = parseAddress(listening)
  if (host !== '::' && host !== '0.0.0.0') return listening
  const overlay = hostAddresses.find((address) => /^0?[23][0-9a-f]{0,2}:/i.test(address) && address.includes(':'))
  return overlay === undefined ? undefined : formatAddress({ scheme, host: overlay, port })
}

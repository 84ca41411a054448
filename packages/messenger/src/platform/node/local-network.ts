import { toHex } from '@mimirjs/wire'
import { type LocalNetwork, type LocalNetworkParts, type MulticastOptions, multicastError } from '../../multicast.js'

/** Rejects with {@link MessengerError} `multicast`. */
export async function openLocalNetwork(
  options: MulticastOptions,
  { signer, clock, logger }: LocalNetworkParts,
): Promise<LocalNetwork> {
  const doors: LocalNetwork['doors'] = { mayCome: () => false }
  try {
    // Loaded only by those who use it.
    const { Discovery, MulticastNode } = await import('@mimirjs/multicast')
    const network = options.network ?? (await import('@mimirjs/multicast/udp')).multicastUdp()
    const node = await MulticastNode.open({
      signer,
      network,
      group: options.family === 6 ? 'ipv6' : 'ipv4',
      port: 0,
      // The groups of nodes are global ones, and there are routers that pass such on.
      hopLimit: 1,
      // Whoever is dialled is asked again after a second, should the network not yet send us our group.
      joinDelayMs: 0,
      interface: options.interface,
      policy: (publicKey) => (doors.mayCome(toHex(publicKey)) ? 'accept' : 'ignore'),
      clock,
      logger,
    })
    return { node, options, network, discover: (wanted) => Discovery.open(wanted), doors }
  } catch (cause) {
    throw multicastError('the node of the local network cannot start', cause)
  }
}

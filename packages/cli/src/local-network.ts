import type { Messenger, MulticastOptions, NearbyPerson } from '@mimirjs/messenger'
import { isMulticastError } from '@mimirjs/multicast'
import { chooseInterface } from '@mimirjs/multicast/udp'
import { parseIp, unmapIpv4 } from '@mimirjs/transport'
import { InvalidArgumentError } from 'commander'
import { capital } from './options.js'

/** What to write where an interface is named, for the one that the system offers first. */
const AUTOMATIC = 'auto'

/** The value of `--multicast`: an interface, by name or by an address of it, or `auto`. */
export function parseInterface(text: string): MulticastOptions {
  const name = text.trim()
  if (name === '') throw new InvalidArgumentError('Expected the name or an address of a network interface, or auto')
  return name === AUTOMATIC ? {} : { interface: name, family: familyOf(name) }
}

/** People find each other only within one family: that of the address, and IPv4 for all others. */
function familyOf(name: string): 4 | 6 {
  const [literal = ''] = unmapIpv4(name).split('%')
  return parseIp(literal)?.length === 16 ? 6 : 4
}

/** The same on the command line, where the interface has to be there: a word that was meant for something else is not. */
export function parseInterfaceHere(text: string): MulticastOptions {
  const options = parseInterface(text)
  try {
    if (options.interface !== undefined) chooseInterface(options.family ?? 4, options.interface)
    return options
  } catch (error) {
    if (!isMulticastError(error)) throw error
    const hint = `What stands behind --multicast is the interface; --multicast=${AUTOMATIC} takes the first that fits`
    throw new InvalidArgumentError(`${capital(error.message)}. ${hint}`)
  }
}

/** Somebody nearby, as scripts and people see them. */
export interface NearbyView extends NearbyPerson {
  /** The name that we gave; empty for none. What people call themselves is not said on the local network. */
  readonly name: string
}

/** What we know of them, as it is written down now. */
export async function nameNearby(
  messenger: Messenger,
  people: readonly Pick<NearbyPerson, 'peer' | 'address'>[],
): Promise<NearbyView[]> {
  const known = new Map((await messenger.contacts()).map((contact) => [contact.peer, contact]))
  return people.map(({ peer, address }) => {
    const contact = known.get(peer)
    return { peer, address, contact: contact?.kind === 'contact', name: contact?.name ?? '' }
  })
}

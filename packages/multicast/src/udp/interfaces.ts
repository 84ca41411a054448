import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os'
import { parseIp } from '@mimirjs/transport'
import { generatePrefixGroup } from '../address/index.js'
import { MulticastError } from '../error.js'
import type { PrefixInterface } from '../node/network.js'

/** A network interface as sockets need it. */
export interface InterfaceChoice {
  readonly name: string
  /** The first address of the family, without zone. */
  readonly address: string
  /** The system's number of the interface, where IPv6 addresses tell it. */
  readonly index: number | undefined
  /** All its addresses of the family with the lengths of their prefixes: `192.0.2.7/24`. */
  readonly cidrs: readonly string[]
}

/** As `os.networkInterfaces()` gives them: those that are up and have an address. */
export type InterfaceTable = Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>

/**
 * The interface to join groups on and to send from.
 * @param wanted - its name or an address of it, perhaps with `%zone`. Default: the first that is up, not loopback and has
 * an address of the family. Multicast protocol §3
 * @param table - default: this machine's
 * @throws {MulticastError} `bad-interface`; the message names those there are
 */
export function chooseInterface(
  family: 4 | 6,
  wanted?: string,
  table: InterfaceTable = networkInterfaces(),
): InterfaceChoice {
  const found = wanted === undefined ? firstOf(family, table) : namedOrAddressed(wanted, table)
  if (found === undefined) {
    const expected =
      wanted === undefined
        ? `expected an interface that is up, is not loopback and has an IPv${family} address`
        : `expected a network interface that is up, by its name or an address of it: none is ${JSON.stringify(wanted.slice(0, 64))}`
    throw new MulticastError('bad-interface', `${expected}. ${listed(table)}`)
  }
  const entries = ofFamily(table[found], family)
  const first = entries[0]
  if (first === undefined) {
    const hint = family === 6 ? 'choose another one, or an IPv4 group' : 'choose another one, or an IPv6 group'
    const text = `interface ${found} has no IPv${family} address, which the group needs: ${hint}. ${listed(table)}`
    throw new MulticastError('bad-interface', text)
  }
  return {
    name: found,
    address: first.address,
    index: 'scopeid' in first && first.scopeid !== 0 ? first.scopeid : scopeOf(table[found]),
    cidrs: entries.map(({ address, cidr }) => cidr ?? address),
  }
}

/**
 * The interface whose prefix a group can carry: the first with an IPv6 address that is global unicast, unique local ones
 * included. Multicast protocol §2.2
 * @param wanted - look at this one alone, be it loopback: its name or an address of it
 * @throws {MulticastError} `bad-interface` when there is none
 */
export function prefixInterface(wanted?: string, table: InterfaceTable = networkInterfaces()): PrefixInterface {
  const only = wanted === undefined ? undefined : chooseInterface(6, wanted, table).name
  for (const name of Object.keys(table)) {
    if (only !== undefined && name !== only) continue
    for (const { cidr, internal } of ofFamily(table[name], 6)) {
      if ((!internal || only !== undefined) && cidr !== null && generatePrefixGroup(cidr, zeros) !== undefined)
        return { name, cidr }
    }
  }
  const where = only === undefined ? 'no interface has' : `interface ${only} has not got`
  const text = `${where} a global IPv6 address, which a prefix-based group is made of: use another kind of group. ${listed(table)}`
  throw new MulticastError('bad-interface', text)
}

function firstOf(family: 4 | 6, table: InterfaceTable): string | undefined {
  return Object.keys(table).find((name) => ofFamily(table[name], family).some(({ internal }) => !internal))
}

function namedOrAddressed(wanted: string, table: InterfaceTable): string | undefined {
  if (Object.hasOwn(table, wanted) && table[wanted] !== undefined) return wanted
  const [literal = '', zone] = wanted.split('%')
  const bytes = parseIp(literal)?.join()
  if (bytes === undefined) return undefined
  return Object.keys(table).find(
    (name) =>
      (zone === undefined || zone === name) &&
      (table[name] ?? []).some(({ address }) => parseIp(address)?.join() === bytes),
  )
}

function ofFamily(entries: readonly NetworkInterfaceInfo[] | undefined, family: 4 | 6): NetworkInterfaceInfo[] {
  return (entries ?? []).filter((entry) => entry.family === `IPv${family}`)
}

/** The number that any IPv6 address of the interface tells; link-local ones do. */
function scopeOf(entries: readonly NetworkInterfaceInfo[] | undefined): number | undefined {
  for (const entry of entries ?? []) if (entry.family === 'IPv6' && entry.scopeid !== 0) return entry.scopeid
  return undefined
}

/** Only whether a group can be made of the network is asked, not which. */
function zeros(sizeBytes: number): Uint8Array {
  return new Uint8Array(sizeBytes)
}

function listed(table: InterfaceTable): string {
  const names = Object.entries(table).map(([name, entries]) => {
    const addresses = (entries ?? []).map(({ address }) => address)
    return `${name} (${addresses.join(', ')})`
  })
  return names.length === 0 ? 'There are no interfaces that are up' : `Interfaces here: ${names.join('; ')}`
}

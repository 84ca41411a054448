import { MessengerError } from './error.js'
import type { MulticastOptions } from './multicast.js'

/** What each may be, and how that is said. `undefined` takes the default. */
const OPTIONS: Readonly<Record<keyof MulticastOptions, { fits(value: unknown): boolean; expected: string }>> = {
  interface: {
    fits: (value) => typeof value === 'string' && value !== '',
    expected: 'the name of a network interface or an address of one',
  },
  family: { fits: (value) => value === 4 || value === 6, expected: '4 or 6' },
  announce: { fits: (value) => typeof value === 'boolean', expected: 'true or false' },
  port: {
    // Others could not know one that the system chooses.
    fits: (value) => Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 65_535,
    expected: 'a whole number from 1 to 65535',
  },
  network: { fits: isNetwork, expected: 'a MulticastNetwork, such as multicastUdp() of @mimirjs/multicast/udp' },
}

/**
 * The option `multicast` as it was given, perhaps from JavaScript: what is not understood must not put anybody on a network.
 * @returns `undefined` for off
 * @throws {MessengerError} `multicast`
 */
export function multicastOptionsOf(given: unknown): MulticastOptions | undefined {
  if (given === undefined || given === false) return undefined
  if (given === true) return {}
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw wrong('multicast', `true, false or { ${Object.keys(OPTIONS).join(', ')} }`, given)
  for (const [name, value] of Object.entries(given)) {
    if (!isOption(name))
      throw new MessengerError(
        'multicast',
        `multicast.${name}: there is no such option; there are ${Object.keys(OPTIONS).join(', ')}`,
      )
    const { fits, expected } = OPTIONS[name]
    if (value !== undefined && !fits(value)) throw wrong(`multicast.${name}`, expected, value)
  }
  return given
}

function isOption(name: string): name is keyof MulticastOptions {
  return Object.hasOwn(OPTIONS, name)
}

function isNetwork(value: unknown): boolean {
  const { open, prefixInterface } = (value ?? {}) as Record<string, unknown>
  return typeof open === 'function' && typeof prefixInterface === 'function'
}

function wrong(name: string, expected: string, got: unknown): MessengerError {
  const text =
    typeof got === 'string' ? JSON.stringify(got.slice(0, 64)) : Array.isArray(got) ? 'a list' : typeName(got)
  return new MessengerError('multicast', `${name}: expected ${expected}, got ${text}`)
}

function typeName(value: unknown): string {
  if (typeof value === 'object' && value !== null) return 'an object'
  return typeof value === 'function' ? 'a function' : String(value)
}

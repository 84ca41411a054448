import { isTransportError, parseAddress } from '@mimirjs/transport'
import { InvalidArgumentError, Option } from 'commander'
import { parseDuration } from './duration.js'

/** Parser of an option that takes an address URL of one scheme. */
export function addressParser(scheme: 'tcp' | 'udp'): (text: string) => string {
  return (text) => {
    try {
      parseAddress(text, scheme)
      return text
    } catch (error) {
      if (!isTransportError(error)) throw error
      throw new InvalidArgumentError(capital(error.message).replace('scheme://', `${scheme}://`))
    }
  }
}

/** Parser of an option that may be given several times. */
export function listParser(parse: (text: string) => string): (text: string, before?: string[]) => string[] {
  return (text, before = []) => [...before, parse(text)]
}

/** An option that takes a time and shows its default as it is written. */
export function durationOption(flags: string, description: string, preset: string): Option {
  return new Option(flags, description).argParser(parseDuration).default(parseDuration(preset), preset)
}

export function parseCount(text: string): number {
  const count = /^[0-9]{1,6}$/.test(text) ? Number(text) : 0
  if (count > 0) return count
  throw new InvalidArgumentError('Expected a whole number from 1 to 999999')
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

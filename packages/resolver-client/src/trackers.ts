import { formatAddress, parseAddress, parseIp, unmapIpv4 } from '@mimirjs/transport'
import { isNodeKey } from './address.js'
import { ResolverError } from './error.js'

const FIRST_SCORE = 50
const FAILURE_PENALTY = 25
const MAX_SCORE = 10_000

/** A tracker and how it has served us so far. */
export class Tracker {
  /** Canonical address URL: what the sender of an answer has to be. */
  readonly address: string
  #score = FIRST_SCORE
  #answeredMs = -Infinity
  /** Which version of the requests it is known to answer, by its place among those of the generation. */
  version: number | undefined

  constructor(address: string) {
    this.address = address
  }

  /** Roughly the ms to wait for it; the lowest is asked first (tracker protocol §11.4). */
  get score(): number {
    return this.#score
  }

  /** When it last answered anything, `-Infinity` before. */
  get answeredMs(): number {
    return this.#answeredMs
  }

  succeeded(roundTripMs: number, nowMs: number = -Infinity): void {
    this.#score = Math.min(MAX_SCORE, Math.max(0, roundTripMs))
    this.#answeredMs = nowMs
  }

  failed(): void {
    this.#score = Math.min(MAX_SCORE, this.#score + FAILURE_PENALTY)
  }
}

/** The trackers of a resolver, in the order of the configuration. */
export class Trackers {
  readonly all: readonly Tracker[]
  readonly #byAddress: ReadonlyMap<string, Tracker>

  /**
   * @param addresses - address URLs of the transport's scheme; repeated ones count once
   * @param port - the only one they may have
   * @throws {ResolverError} `bad-address`
   */
  constructor(addresses: readonly string[], scheme: string, port?: number) {
    this.#byAddress = new Map(
      addresses.map((address) => canonical(address, scheme, port)).map((address) => [address, new Tracker(address)]),
    )
    this.all = [...this.#byAddress.values()]
  }

  byAddress(address: string): Tracker | undefined {
    return this.#byAddress.get(address)
  }

  /** Best score first; of equal ones in the order of the configuration. */
  inOrder(): Tracker[] {
    return [...this.all].sort((a, b) => a.score - b.score)
  }
}

function canonical(text: string, scheme: string, port: number | undefined): string {
  try {
    const parsed = parseAddress(text, scheme)
    if (scheme === 'ygg' && !(isNodeKey(parsed.host) && parsed.port === (port ?? parsed.port))) {
      throw new ResolverError(
        'bad-address',
        `expected ygg://, the 64 hex digits of the key of a tracker's node, and port ${port ?? 69}, got ${text}`,
      )
    }
    if (scheme !== 'udp') return formatAddress(parsed)
    // An answer from such an address comes from the IPv4 address inside.
    const address = { ...parsed, host: unmapIpv4(parsed.host) }
    if (address.host === '::' || address.host === '0.0.0.0') {
      throw new ResolverError(
        'bad-address',
        `${text} is every address of a machine, which is for listening: name one, such as 127.0.0.1 or [::1]`,
      )
    }
    if (parseIp(address.host.split('%')[0]!) === undefined || address.port === 0) {
      throw new ResolverError(
        'bad-address',
        `expected udp://, an IP address and a port above 0, got ${text}; turn names into addresses first, ` +
          'for example with resolveAddress of @mimirjs/transport/udp',
      )
    }
    return formatAddress(address)
  } catch (cause) {
    if (cause instanceof ResolverError) throw cause
    throw new ResolverError('bad-address', `expected the ${scheme}:// address of a tracker, got ${text.slice(0, 80)}`, {
      cause,
    })
  }
}

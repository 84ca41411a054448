import { YggdrasilError } from '../error.js'
import { EPHEMERAL_PORTS, FIRST_EPHEMERAL_PORT } from './constants.js'

/** Which local ports are given, and which are refused. */
export class Ports {
  readonly #isAllowed: (port: number) => boolean
  /** The next one to try; the first one is by chance, as the reference does it. yggdrasil protocol §10.3 */
  #next: number

  constructor(randomPort: () => number, isAllowed: (port: number) => boolean = () => true) {
    this.#isAllowed = isAllowed
    this.#next = randomPort() % EPHEMERAL_PORTS
  }

  /** A port of those that nobody asks for by number, `undefined` when all are taken. */
  nextFree(isFree: (port: number) => boolean): number | undefined {
    for (let tries = 0; tries < EPHEMERAL_PORTS; tries++) {
      const port = FIRST_EPHEMERAL_PORT + this.#next
      this.#next = (this.#next + 1) % EPHEMERAL_PORTS
      if (isFree(port) && this.#isAllowed(port)) return port
    }
    return undefined
  }

  /**
   * @param port - 0: any
   * @throws {YggdrasilError} `address-in-use` | `misuse`
   */
  claim(port: number, isFree: (port: number) => boolean): number {
    if (!Number.isInteger(port) || port < 0 || port > 65_535) {
      throw new YggdrasilError('misuse', `port ${port}: expected a whole number from 0 to 65535`)
    }
    if (port === 0) {
      const chosen = this.nextFree(isFree)
      if (chosen !== undefined) return chosen
      throw new YggdrasilError('address-in-use', 'all ports that can be chosen are taken')
    }
    if (!this.#isAllowed(port)) {
      throw new YggdrasilError('misuse', `port ${port}: 256 to 767 are not for streams and datagrams on this node`)
    }
    if (!isFree(port)) throw new YggdrasilError('address-in-use', `port ${port} is taken on this node`)
    return port
  }
}

import path from 'node:path'
import { EXECUTABLE, goBuild } from '../../interop/go.js'
import { JsonProcess } from '../../interop/json-process.js'
import { ARTIFACTS, FOLDER } from '../../interop/multicast/go.js'
import { freePlace, LOOPBACK_NAME, type Place } from '../lib/multicast-place.js'
import { ROUND_TRIP_BYTES } from '../lib/multicast-sizes.js'

interface Ready {
  /** Hex. */
  readonly publicKey: string
}

interface Counted {
  readonly count: number
  readonly elapsedMs: number
}

/** Two Go processes: nothing but the packets, as fast as Go can be. */
export class GoPair {
  readonly pids: readonly number[]
  readonly #server: JsonProcess<Ready>
  readonly #client: JsonProcess<Ready>

  private constructor(server: JsonProcess<Ready>, client: JsonProcess<Ready>) {
    this.#server = server
    this.#client = client
    this.pids = [server.pid, client.pid]
  }

  static async with<T>(program: string, work: (pair: GoPair) => Promise<T>): Promise<T> {
    const place = freePlace()
    const server = await start(program, place, [])
    try {
      const { publicKey } = server.ready
      const client = await start(program, freePlace(), [
        ...['-addr', place.group, '-dport', String(place.port), '-publ', publicKey],
      ])
      try {
        return await work(new GoPair(server, client))
      } finally {
        await client.stop()
      }
    } finally {
      await server.stop()
    }
  }

  /** @returns questions that were answered, per second, one at a time in one session */
  roundTrips(ms: number): Promise<number> {
    return this.#rate('roundTrips', ms)
  }

  /** @returns sessions opened and used once, per second, one at a time */
  sessions(ms: number): Promise<number> {
    return this.#rate('sessions', ms)
  }

  /** Open so many sessions, and use each once. */
  async fill(count: number): Promise<void> {
    await this.#client.call({ do: 'fill', count })
  }

  /** @returns bytes of the heap of the server */
  memory(): Promise<number> {
    return this.#server.call({ do: 'memory' })
  }

  async #rate(what: 'roundTrips' | 'sessions', ms: number): Promise<number> {
    const { count, elapsedMs } = await this.#client.call<Counted>({ do: what, ms })
    return (count / elapsedMs) * 1000
  }
}

/** @throws {Error} when there is no Go, or it cannot build the program */
export function buildGoEnd(): string {
  const output = path.join(ARTIFACTS, 'bench')
  goBuild(FOLDER, ['./bench'], output)
  return path.join(output, `bench${EXECUTABLE}`)
}

function start(program: string, { group, port }: Place, more: readonly string[]): Promise<JsonProcess<Ready>> {
  const own = ['-group', group, '-port', String(port), '-ifi', LOOPBACK_NAME, '-size', String(ROUND_TRIP_BYTES)]
  return JsonProcess.start(program, [...own, ...more], {})
}

import { Program } from '../../../../../interop/multicast/program.js'
import type { Lane, Side } from './lanes.js'

/** A datagram as it came from the wire. */
export interface Seen {
  readonly source: string
  readonly sourcePort: number
  readonly hopLimit: number
  /** Of IPv6; 0 for IPv4. */
  readonly trafficClass: number
  /** When, by the clock of the machine. */
  readonly atMs: number
  /** Hex. */
  readonly payload: string
}

/** Listens as a server does, and says nothing. */
export class Watcher {
  readonly #program: Program

  private constructor(program: Program) {
    this.#program = program
  }

  /** @param file - the program, from `buildModel()` */
  static async open(file: string, lane: Lane, side: Side, group: string, port: number): Promise<Watcher> {
    const command = [file, '-group', group, '-port', String(port), '-ifi', lane.interface]
    const watcher = new Watcher(Program.start(command, { namespace: lane[side] }))
    await watcher.#program.line(/"ready"/)
    return watcher
  }

  /** The first `count` datagrams. */
  async seen(count: number): Promise<Seen[]> {
    await this.#program.line(/"payload"/, count)
    return this.#program.stdout.slice(1, count + 1).map((line) => JSON.parse(line) as Seen)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#program.stop()
  }
}

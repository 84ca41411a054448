import { JsonProcess } from '../json-process.js'

/** Each way. */
export interface LineSettings {
  readonly delayMs: number
  /** Share of packets that is lost. */
  readonly loss: number
  /** 0 is without limit. */
  readonly bytesPerSecond: number
  /** Bytes that may wait for their turn. */
  readonly queueBytes: number
}

export interface LineCounters {
  readonly packets: number
  readonly lost: number
  /** The queue was full. */
  readonly dropped: number
}

interface Ready {
  readonly addresses: readonly [string, string]
  readonly namespaces: readonly [string, string]
}

/** A slow and lossy line between two network namespaces, which end with it. */
export class Line {
  readonly #process: JsonProcess<Ready>

  private constructor(process: JsonProcess<Ready>) {
    this.#process = process
  }

  /** @param program - from `buildPrograms()` */
  static async open(program: string, settings: LineSettings, seed = 1): Promise<Line> {
    const line = new Line(await JsonProcess.start<Ready>(program, [], { EMULATOR_SEED: String(seed) }))
    await line.set(settings)
    return line
  }

  /** IPv4 addresses of the two ends. */
  get addresses(): readonly [string, string] {
    return this.#process.ready.addresses
  }

  /** For `inNamespace()`. */
  get namespaces(): readonly [string, string] {
    return this.#process.ready.namespaces
  }

  get pid(): number {
    return this.#process.pid
  }

  /** From the next packet on. @returns counters of both ways */
  set(settings: LineSettings): Promise<readonly [LineCounters, LineCounters]> {
    return this.#process.call({ settings })
  }

  close(): Promise<void> {
    return this.#process.stop()
  }
}

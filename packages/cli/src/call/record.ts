import type { Call } from '@mimirjs/messenger'
import { Reception, type ReceptionFigures } from './reception.js'
import { decodeSound } from './sound-packet.js'
import { blockBytes, bytesPerSecond, type WavFormat } from './wav-format.js'
import type { WavWriter } from './wav-writer.js'

export interface RecordFigures extends ReceptionFigures {
  /** Packets that are not of this command's kind. */
  readonly foreign: number
  /** Packets that came faster than sound does, or did not fit the file. */
  readonly surplus: number
}

/** 5 s of packets, for a disk that takes a moment. */
const QUEUE_PACKETS = 250
/** How much more than real time may come, in ms: somebody who sends without end must not fill the disk. */
const AHEAD_MS = 5_000

/** Writes the sound of a call into a file as it comes, and keeps the books on it. */
export class Recorder {
  /** Resolves when the other side said that this was all, or the call ended. */
  readonly heardAll: Promise<void>
  #hearAll: () => void = () => {}
  #lastHeardMs = performance.now()
  #foreign = 0
  #surplus = 0
  readonly #format: WavFormat
  readonly #file: WavWriter | undefined
  readonly #reception = new Reception()

  constructor(format: WavFormat, file: WavWriter | undefined) {
    this.#format = format
    this.#file = file
    this.heardAll = new Promise((resolve) => {
      this.#hearAll = resolve
    })
  }

  get figures(): RecordFigures {
    return { ...this.#reception.figures, foreign: this.#foreign, surplus: this.#surplus }
  }

  /** For how long nothing came, in ms. */
  get quietMs(): number {
    return performance.now() - this.#lastHeardMs
  }

  /** Until the call has ended and all that came is written. @throws {CliError} `file` */
  async record(call: Call): Promise<void> {
    const startMs = performance.now()
    for await (const packet of call.packets({ limit: QUEUE_PACKETS })) {
      this.#lastHeardMs = performance.now()
      const sound = decodeSound(packet, blockBytes(this.#format))
      if (sound === undefined) this.#foreign++
      else if (sound.samples.length === 0) {
        this.#reception.noteEnd(sound.sequence)
        this.#hearAll()
      } else if (this.#reception.note(sound.sequence, sound.timestampMs, this.#lastHeardMs))
        await this.#write(sound.samples, this.#lastHeardMs - startMs)
    }
    this.#hearAll()
  }

  async #write(samples: Uint8Array, elapsedMs: number): Promise<void> {
    if (this.#file === undefined) return
    const mostBytes = ((elapsedMs + AHEAD_MS) / 1_000) * bytesPerSecond(this.#format)
    const fits = this.#file.dataBytes + samples.length <= mostBytes && (await this.#file.write(samples))
    if (!fits) this.#surplus++
  }
}

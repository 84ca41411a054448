import { writeSync } from 'node:fs'
import type { Readable } from 'node:stream'
import type { CliIo, OutputStream } from '../../io.js'

export type KeyboardStream = Readable & { readonly isTTY?: boolean; setRawMode?(raw: boolean): unknown }
export type ScreenStream = OutputStream & { readonly columns?: number; readonly rows?: number; readonly fd?: number }

/**
 * Another screen that leaves the old one and what was scrolled out of it alone; pastes are marked as such; a letter that
 * is wider than we think does not push a row into the next.
 */
const ENTER = '\u001b[?1049h\u001b[?2004h\u001b[?7l\u001b[2J'
const LEAVE = '\u001b[?7h\u001b[?2004l\u001b[0m\u001b[?25h\u001b[?1049l'

/** What a terminal tells us. */
export interface TerminalEvents {
  input(bytes: Uint8Array): void
  resize(): void
  /** It takes output again, or is back after a while in the background. */
  ready(): void
  /** It is gone: nobody is there to read or write. */
  gone(): void
}

/** A terminal in raw mode, on its other screen, until {@link leave}. It moves bytes and decides nothing. */
export class Terminal {
  readonly #stdin: KeyboardStream
  readonly #stdout: ScreenStream
  readonly #events: TerminalEvents
  #entered = false
  #isBusy = false

  constructor(io: Pick<CliIo, 'stdin' | 'stdout'>, events: TerminalEvents) {
    this.#stdin = io.stdin
    this.#stdout = io.stdout
    this.#events = events
  }

  /** Whether both ends of these streams are a terminal. */
  static isOne(io: Pick<CliIo, 'stdin' | 'stdout'>): boolean {
    const stdin: KeyboardStream = io.stdin
    return stdin.isTTY === true && io.stdout.isTTY === true && typeof stdin.setRawMode === 'function'
  }

  get columns(): number {
    return this.#stdout.columns ?? 80
  }

  get rows(): number {
    return this.#stdout.rows ?? 24
  }

  /** It has not taken all that was written: a newer frame will do instead of many. */
  get isBusy(): boolean {
    return this.#isBusy
  }

  enter(): void {
    if (this.#entered) return
    this.#entered = true
    this.#isBusy = false
    this.#stdin.setRawMode?.(true)
    this.#stdin.on('data', this.#onData)
    this.#stdin.on('end', this.#onGone)
    this.#stdin.on('error', this.#onGone)
    this.#stdin.resume()
    this.#stdout.on('resize', this.#onResize)
    this.#stdout.on('drain', this.#onDrain)
    this.#stdout.on('error', this.#onGone)
    this.write(ENTER)
  }

  /** As it was before. @param atOnce - the process is about to end: do not go through the event loop */
  leave(options: { atOnce?: boolean } = {}): void {
    if (!this.#entered) return
    this.#entered = false
    this.#stdin.off('data', this.#onData)
    this.#stdin.off('end', this.#onGone)
    this.#stdout.off('resize', this.#onResize)
    this.#stdout.off('drain', this.#onDrain)
    try {
      this.#stdin.setRawMode?.(false)
    } catch {
      // The terminal is gone, and with it whatever there was to restore.
    }
    this.#stdin.pause()
    if (options.atOnce && this.#stdout.fd !== undefined) writeAtOnce(this.#stdout.fd, LEAVE)
    else this.#stdout.write(LEAVE)
  }

  write(text: string): void {
    if (text !== '' && this.#entered && !this.#stdout.write(text)) this.#isBusy = true
  }

  readonly #onData = (bytes: Uint8Array): void => this.#events.input(bytes)
  readonly #onResize = (): void => this.#events.resize()
  readonly #onGone = (): void => this.#events.gone()
  readonly #onDrain = (): void => {
    this.#isBusy = false
    this.#events.ready()
  }
}

function writeAtOnce(fd: number, text: string): void {
  try {
    writeSync(fd, text)
  } catch {
    // Nobody reads it any more.
  }
}

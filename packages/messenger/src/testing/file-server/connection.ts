import type { ByteStream, Clock, Logger } from '@mimirjs/transport'
import type { StoredFile } from './disk.js'
import type { FileStore } from './file-store.js'
import type { FileServerSpans } from './limits.js'
import type { FileServerSession } from './session.js'
import type { Step, StepResult } from './steps.js'

export interface ServedConnectionOptions {
  readonly session: FileServerSession
  readonly store: FileStore
  readonly clock: Clock
  readonly spans: FileServerSpans
  readonly logger: Logger | undefined
  /** Nothing is left of it: no stream, no timer, no file. */
  onGone(): void
}

/** Requests that wait while one is worked on; with more, the stream is held back. */
const MAX_WAITING_BYTES = 262_144

/** The session of one connection on its stream and the disk: it does step after step, and decides nothing. */
export class ServedConnection {
  readonly #stream: ByteStream
  readonly #options: ServedConnectionOptions
  readonly #session: FileServerSession
  #reading: StoredFile | undefined
  #working = false
  #paused = false
  #ending = false
  #closed = false
  #drained: (() => void) | undefined
  /** When something moved last. */
  #movedMs: number
  #cancelTimer: (() => void) | undefined

  constructor(stream: ByteStream, options: ServedConnectionOptions) {
    this.#stream = stream
    this.#options = options
    this.#session = options.session
    this.#movedMs = options.clock.nowMs()
    stream.start({
      data: (chunk) => {
        this.#movedMs = options.clock.nowMs()
        this.#session.receive(chunk)
        if (this.#working && this.#session.bufferedBytes > MAX_WAITING_BYTES) this.#pause()
        this.#run()
      },
      end: () => {
        this.#session.endOfStream()
        this.#run()
      },
      drain: () => {
        this.#movedMs = options.clock.nowMs()
        this.#drained?.()
      },
      closed: () => {
        this.#closed = true
        this.#cancelTimer?.()
        this.#drained?.()
        if (!this.#working) void this.#leave()
      },
    })
    this.#watch(options.spans.idleMs)
  }

  /** Drop what has waited too long for its next chunk. */
  sweep(): void {
    this.#session.sweep()
    this.#run()
  }

  abort(): void {
    this.#stream.abort()
  }

  #pause(): void {
    this.#paused = true
    this.#stream.pause()
  }

  #run(): void {
    if (this.#working || this.#closed) return
    this.#working = true
    this.#work().catch((error: unknown) => {
      this.#options.logger?.error({ err: error }, 'a connection of the file server failed')
      this.#working = false
      if (this.#closed) void this.#leave()
      else this.#stream.abort()
    })
  }

  async #work(): Promise<void> {
    let result: StepResult = {}
    while (!this.#closed) {
      const step = this.#session.next(this.#options.clock.nowMs(), result)
      if (step === undefined) break
      result = await this.#do(step)
    }
    this.#working = false
    if (this.#closed) return this.#leave()
    if (!this.#paused) return
    this.#paused = false
    this.#stream.resume()
  }

  async #do(step: Step): Promise<StepResult> {
    const { store } = this.#options
    try {
      switch (step.type) {
        case 'answer':
          if (!this.#stream.write(step.frame)) await this.#drain()
          return {}
        case 'create':
          await store.disk.create(step.name)
          return {}
        case 'append':
          await store.disk.append(step.name, step.bytes)
          return {}
        case 'discard':
          await store.disk.discard(step.name)
          return {}
        case 'store': {
          const failure = await store.store(step.name, step.hash, step.sidecar)
          return failure === undefined ? {} : { failure }
        }
        case 'open':
          this.#reading = await store.disk.read(step.hash)
          return {}
        case 'read':
          return { bytes: (await this.#reading?.read(step.offsetBytes, step.sizeBytes)) ?? new Uint8Array(0) }
        case 'shut':
          await this.#shut()
          return {}
        case 'end':
          this.#end()
          return {}
      }
    } catch (error) {
      this.#options.logger?.warn({ err: error, step: step.type }, 'a step of the file server failed')
      return { failure: reason(error) }
    }
  }

  #drain(): Promise<void> {
    return new Promise((resolve) => {
      this.#drained = () => {
        this.#drained = undefined
        resolve()
      }
      if (this.#closed) this.#drained()
    })
  }

  async #shut(): Promise<void> {
    const reading = this.#reading
    this.#reading = undefined
    await reading?.close()
  }

  /** Say that we are done, and give the client some time to say so too. What it still sends is dropped. */
  #end(): void {
    if (this.#ending || this.#closed) return
    this.#ending = true
    this.#stream.end()
    this.#cancelTimer?.()
    const { clock, spans } = this.#options
    this.#cancelTimer = clock.schedule(() => this.#stream.abort(), spans.lingerMs)
  }

  #watch(delayMs: number): void {
    const { clock, spans } = this.#options
    this.#cancelTimer = clock.schedule(() => {
      const leftMs = this.#movedMs + spans.idleMs - clock.nowMs()
      if (leftMs > 0) this.#watch(leftMs)
      else this.#stream.abort()
    }, delayMs)
  }

  async #leave(): Promise<void> {
    const names = this.#session.abandon()
    try {
      await this.#shut()
      for (const name of names) await this.#options.store.disk.discard(name)
    } catch (error) {
      this.#options.logger?.warn({ err: error }, 'an unfinished upload could not be removed')
    }
    this.#options.onGone()
  }
}

/** The code of a system error, for strangers: its text names our folders. */
function reason(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' ? code : 'internal error'
}

import { describeFailure } from '../failure.js'
import type { CliIo } from '../io.js'
import { beforeBreaking } from '../last-words.js'
import type { ChatBackend } from './backend.js'
import type { Drafts } from './drafts.js'
import { Effects } from './effects.js'
import { KeyReader } from './keys.js'
import type { ChatEvent } from './model/event.js'
import { reduce } from './model/reduce.js'
import type { ChatState, Look, Self } from './model/state.js'
import { Painter } from './terminal/painter.js'
import { Terminal } from './terminal/terminal.js'
import { screenOf } from './view/screen.js'

export interface ChatProgramOptions {
  readonly io: CliIo
  readonly backend: ChatBackend
  readonly drafts: Drafts
  readonly self: Self
  readonly look: Look
  readonly colours: boolean
  /** Ring the terminal's bell for messages that come. */
  readonly bell: boolean
  /** Fires when the person wants it to end, by a signal. */
  readonly stop: AbortSignal
  /** Whether we are on the local network. */
  readonly hasNearby: boolean
  /** Ms since 1970. */
  readonly nowMs: () => number
}

/** A lone escape is the key when nothing follows within so many ms. */
const ESCAPE_MS = 50
const TICK_MS = 1_000
/** For the disk to take what was sent last. */
const SETTLE_MS = 2_000

/**
 * The chat in a terminal: bytes become keys, keys and what the messenger tells become states, states become frames.
 * Everything typed is handed to the drafts at once.
 */
export class ChatProgram {
  readonly #options: ChatProgramOptions
  readonly #terminal: Terminal
  readonly #painter: Painter
  readonly #keys = new KeyReader()
  readonly #effects: Effects
  #state: ChatState
  #isPainting = false
  #escapeTimer: NodeJS.Timeout | undefined
  #end: (error?: unknown) => void = () => {}
  #ended = false

  constructor(options: ChatProgramOptions) {
    this.#options = options
    this.#painter = new Painter({ colours: options.colours })
    this.#terminal = new Terminal(options.io, {
      input: (bytes) => this.#guard(() => this.#onInput(bytes)),
      resize: () => this.#guard(() => this.#onResize()),
      ready: () => this.#guard(() => this.#paintSoon()),
      gone: () => this.#end(),
    })
    this.#effects = new Effects({
      backend: options.backend,
      cwd: options.io.cwd,
      dispatch: (event) => this.dispatch(event),
      bell: () => options.bell && this.#terminal.write('\u0007'),
      redraw: () => this.#redraw(),
      suspend: () => this.#suspend(),
      quit: () => this.#end(),
    })
    this.#state = initialState(options, this.#terminal)
  }

  /** Resolves when the person has ended it, or the terminal is gone; rejects when something of ours broke. */
  async run(open: string | undefined): Promise<void> {
    const { io, backend, drafts, stop } = this.#options
    const over = new Promise<void>((resolve, reject) => {
      this.#end = (error) => (error === undefined ? resolve() : reject(asError(error)))
    })
    const onEnd = (): void => this.#end()
    const unlisten = backend.listen((event) => {
      if (event.type === 'people-changed') this.#guard(() => this.#effects.run({ do: 'read-people' }))
      else if (event.type === 'failure')
        this.dispatch({ type: 'notice', kind: 'error', text: describeFailure(event.error).message })
      else this.dispatch(event)
    })
    const forget = beforeBreaking(() => {
      drafts.flush()
      this.#terminal.leave({ atOnce: true })
    })
    stop.addEventListener('abort', onEnd)
    io.signals.on('SIGHUP', onEnd)
    const ticking = setInterval(() => this.dispatch({ type: 'tick', nowMs: this.#options.nowMs() }), TICK_MS)
    this.#terminal.enter()
    try {
      this.#effects.run({ do: 'read-people' })
      if (open !== undefined) this.dispatch({ type: 'open', peer: open })
      this.#paintSoon()
      if (stop.aborted) onEnd()
      await over
    } finally {
      drafts.flush()
      this.#terminal.leave()
      clearInterval(ticking)
      clearTimeout(this.#escapeTimer)
      unlisten()
      // What Enter was pressed for is a message or, if it was refused, a draft again.
      await this.#effects.close(SETTLE_MS)
      this.#ended = true
      drafts.flush()
      forget()
      stop.removeEventListener('abort', onEnd)
      io.signals.off('SIGHUP', onEnd)
    }
  }

  /** Something happened. */
  dispatch(event: ChatEvent): void {
    this.#guard(() => {
      if (this.#ended) return
      const before = this.#state
      const { state, effects } = reduce(before, event)
      this.#state = state
      if (state.talks !== before.talks)
        for (const [peer, talk] of state.talks) if (before.talks.get(peer) !== talk) this.#options.drafts.note(talk)
      for (const effect of effects) this.#effects.run(effect)
      if (state !== before) this.#paintSoon()
    })
  }

  /** What breaks here ends the chat in order: the terminal is given back, and one line says what it was. */
  #guard(work: () => void): void {
    try {
      work()
    } catch (error) {
      this.#end(error)
    }
  }

  #onInput(bytes: Uint8Array): void {
    clearTimeout(this.#escapeTimer)
    for (const key of this.#keys.feed(bytes)) this.dispatch({ type: 'key', key })
    if (this.#keys.waiting) this.#escapeTimer = setTimeout(() => this.#flushKeys(), ESCAPE_MS)
  }

  #flushKeys(): void {
    for (const key of this.#keys.flush()) this.dispatch({ type: 'key', key })
  }

  #onResize(): void {
    this.#painter.forget()
    this.dispatch({ type: 'resize', columns: this.#terminal.columns, rows: this.#terminal.rows })
  }

  #redraw(): void {
    this.#painter.forget()
    this.#paintSoon()
  }

  /** One frame for all that happens at once, and none while the terminal has not taken the last. */
  #paintSoon(): void {
    if (this.#isPainting) return
    this.#isPainting = true
    setImmediate(() => {
      this.#isPainting = false
      if (this.#terminal.isBusy) return
      this.#guard(() => this.#terminal.write(this.#painter.paint(screenOf(this.#state), this.#state.columns)))
    })
  }

  /** To the shell, as Ctrl-Z does; when we run on, the screen is ours again. */
  #suspend(): void {
    if (process.platform === 'win32') return
    const { drafts, io } = this.#options
    drafts.flush()
    this.#terminal.leave({ atOnce: true })
    const back = (): void => {
      clearTimeout(timer)
      io.signals.off('SIGCONT', back)
      if (this.#ended) return
      this.#terminal.enter()
      this.#onResize()
    }
    io.signals.on('SIGCONT', back)
    // Where no shell looks after us, nothing stops us and nobody wakes us.
    const timer = setTimeout(back, SUSPENDED_MS)
    process.kill(0, 'SIGTSTP')
  }
}

/** A process that runs so long after it was to stop was not stopped. */
const SUSPENDED_MS = 500

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown))
}

function initialState({ self, look, drafts, hasNearby, nowMs }: ChatProgramOptions, terminal: Terminal): ChatState {
  return {
    columns: terminal.columns,
    rows: terminal.rows,
    nowMs: nowMs(),
    self,
    look,
    people: [],
    requests: [],
    links: new Map(),
    mediators: new Map(),
    nearby: hasNearby ? new Set() : undefined,
    members: new Map(),
    talks: new Map(drafts.load().map((talk) => [talk.peer, talk])),
    open: undefined,
    mode: { name: 'write' },
    notice: undefined,
    transfers: new Map(),
    nextToken: 1,
  }
}

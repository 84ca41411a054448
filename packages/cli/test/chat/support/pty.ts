import { type IPty, spawn } from '@lydell/node-pty'
import unicode11 from '@xterm/addon-unicode11'
import headless from '@xterm/headless'
import { onTestFinished } from 'vitest'

export interface PtyOptions {
  columns?: number
  rows?: number
  env?: Record<string, string>
  cwd?: string
}

/** Keys as a terminal sends them. */
export const KEYS = {
  enter: '\r',
  newline: '\n',
  altEnter: '\u001b\r',
  escape: '\u001b',
  up: '\u001b[A',
  down: '\u001b[B',
  right: '\u001b[C',
  left: '\u001b[D',
  home: '\u001b[H',
  end: '\u001b[F',
  pageUp: '\u001b[5~',
  pageDown: '\u001b[6~',
  backspace: '\u007f',
  tab: '\t',
  f1: '\u001bOP',
} as const

export function ctrl(letter: string): string {
  return String.fromCharCode(letter.charCodeAt(0) - 96)
}

/** A program in a pseudo-terminal, and what its screen shows. */
export class Pty {
  readonly terminal: headless.Terminal
  readonly process: IPty
  /** Resolves with exit code and signal. */
  readonly ended: Promise<{ exitCode: number; signal?: number | undefined }>
  /** All that was written to the terminal. */
  output = ''
  readonly #watchers = new Set<() => void>()
  #isOver = false

  constructor([program, ...args]: readonly [string, ...string[]], options: PtyOptions = {}) {
    const { columns = 80, rows = 24, cwd } = options
    this.terminal = new headless.Terminal({ cols: columns, rows, allowProposedApi: true, scrollback: 500 })
    this.terminal.loadAddon(new unicode11.Unicode11Addon())
    this.terminal.unicode.activeVersion = '11'
    const { HOME = '/', PATH = '', TMPDIR } = process.env
    this.process = spawn(program, args, {
      name: options.env?.['TERM'] ?? 'xterm-256color',
      cols: columns,
      rows,
      ...(cwd === undefined ? {} : { cwd }),
      env: { HOME, PATH, LANG: 'C.UTF-8', ...(TMPDIR === undefined ? {} : { TMPDIR }), ...options.env },
    })
    this.process.onData((data) => {
      this.output += data
      this.terminal.write(data, () => this.#look())
    })
    this.ended = new Promise((resolve) =>
      this.process.onExit((exit) =>
        // After what is still being drawn.
        this.terminal.write('', () => {
          this.#isOver = true
          this.#look()
          resolve(exit)
        }),
      ),
    )
    onTestFinished(async () => {
      if (!this.#isOver) this.process.kill('SIGKILL')
      await this.ended
      this.terminal.dispose()
    })
  }

  get isOver(): boolean {
    return this.#isOver
  }

  type(text: string): void {
    this.process.write(text)
  }

  /** The window is closed: there is nothing at the other end any more. */
  close(): void {
    // Not in the interface that all systems share.
    const terminal = this.process as IPty & { destroy(): void }
    terminal.destroy()
  }

  resize(columns: number, rows: number): void {
    this.terminal.resize(columns, rows)
    this.process.resize(columns, rows)
  }

  /** The rows of the screen, without the spaces at their ends. */
  get rows(): string[] {
    const { active } = this.terminal.buffer
    return Array.from({ length: this.terminal.rows }, (_, row) =>
      (active.getLine(active.baseY + row)?.translateToString(true) ?? '').trimEnd(),
    )
  }

  /** The whole screen as text. Ports differ from run to run and have five digits: they become one. */
  get screen(): string {
    return `${this.rows.join('\n').replaceAll(/(?<=127\.0\.0\.1:)\d+/g, (port) => '49152'.slice(0, port.length))}\n`
  }

  /** All rows from the first that the terminal remembers. */
  get scrollback(): string[] {
    const { active } = this.terminal.buffer
    return Array.from({ length: active.length }, (_, row) =>
      (active.getLine(row)?.translateToString(true) ?? '').trimEnd(),
    )
  }

  get cursor(): { row: number; column: number } {
    const { cursorX, cursorY } = this.terminal.buffer.active
    return { row: cursorY, column: cursorX }
  }

  /** Wait until the screen fits. A test that waits in vain says what was there instead. */
  until(fits: string | RegExp | ((pty: this) => boolean)): Promise<void> {
    const test = (): boolean =>
      this.#isWhole &&
      (typeof fits === 'string'
        ? this.rows.join('\n').includes(fits)
        : fits instanceof RegExp
          ? fits.test(this.rows.join('\n'))
          : fits(this))
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        clearTimeout(timer)
        this.#watchers.delete(look)
      }
      const look = (): void => {
        if (test()) {
          stop()
          resolve()
        } else if (this.#isOver) {
          stop()
          reject(new Error(`the program ended, and ${String(fits)} was not on the screen:\n${this.rows.join('\n')}`))
        }
      }
      const timer = setTimeout(() => {
        stop()
        reject(new Error(`${String(fits)} did not come; the screen is:\n${this.rows.join('\n')}`))
      }, WAIT_MS)
      this.#watchers.add(look)
      look()
    })
  }

  /** No frame is half drawn: each ends with what it does about the cursor. */
  get #isWhole(): boolean {
    if (this.#isOver || this.terminal.buffer.active.type === 'normal') return true
    return ['25h', '25l'].some((end) => this.output.endsWith(`\u001b[?${end}`))
  }

  #look(): void {
    for (const watcher of [...this.#watchers]) watcher()
  }
}

const WAIT_MS = 15_000 * Number(process.env['MIMIR_TIMEOUT_SCALE'] ?? 1)

import { EventEmitter } from 'node:events'
import { Readable, Writable } from 'node:stream'
import { onTestFinished } from 'vitest'
import { type CliIo, run } from '../../src/index.js'
import { temporaryFolder } from './folder.js'
import { Lines } from './lines.js'

export interface TerminalOptions {
  stdin?: string | Uint8Array
  env?: Record<string, string>
  cwd?: string
  isTTY?: boolean
}

/** A terminal that the command runs in, in this process. */
export class Terminal implements CliIo {
  readonly stdin: Readable
  readonly stdout: Writable & { isTTY?: boolean }
  readonly stderr: Writable & { isTTY?: boolean }
  readonly env: Record<string, string | undefined>
  readonly cwd: string
  readonly signals = new EventEmitter()
  readonly out = new Lines()
  readonly err = new Lines()

  constructor(options: TerminalOptions = {}) {
    this.stdin = Readable.from(options.stdin === undefined ? [] : [Buffer.from(options.stdin)])
    this.stdout = sink(this.out, options.isTTY)
    this.stderr = sink(this.err, options.isTTY)
    this.env = { PATH: process.env['PATH'], ...options.env }
    this.cwd = options.cwd ?? temporaryFolder()
  }

  run(...args: string[]): Promise<number> {
    return run(args, this)
  }

  /** Start a command that runs until it is stopped; the test's end stops it. */
  start(...args: string[]): Promise<number> {
    const ended = run(args, this)
    onTestFinished(async () => {
      this.signals.emit('SIGTERM')
      await ended
    })
    return ended
  }
}

function sink(lines: Lines, isTTY: boolean | undefined): Writable & { isTTY?: boolean } {
  const stream: Writable & { isTTY?: boolean } = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(chunk.toString())
      done()
    },
  })
  if (isTTY !== undefined) stream.isTTY = isTTY
  return stream
}

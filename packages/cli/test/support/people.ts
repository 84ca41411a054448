import { onTestFinished } from 'vitest'
import { temporaryFolder } from './folder.js'
import { Terminal, type TerminalOptions } from './terminal.js'

/** A tracker in this process, on a port of its own. @returns its address */
export async function startTracker(): Promise<string> {
  const terminal = new Terminal()
  void terminal.start('tracker', '--json', '--home', 'home', '--listen', 'udp://127.0.0.1:0')
  return String((await terminal.out.event('ready'))['address'])
}

/** Somebody with a home folder of their own. */
export class Person {
  readonly cwd = temporaryFolder()

  /** Run a command to its end. */
  async run(args: readonly string[], options: TerminalOptions = {}): Promise<Terminal & { exitCode: number }> {
    const terminal = new Terminal({ cwd: this.cwd, ...options })
    const exitCode = await terminal.run(...args, '--home', 'home')
    return Object.assign(terminal, { exitCode })
  }

  /** Start a command that takes its time. */
  begin(args: readonly string[]): { terminal: Terminal; ended: Promise<number> } {
    const terminal = new Terminal({ cwd: this.cwd })
    return { terminal, ended: terminal.run(...args, '--home', 'home') }
  }

  async publicKey(): Promise<string> {
    await this.run(['id', 'create'])
    const { out } = await this.run(['id', 'show', '--json'])
    return String(out.json[0]?.['publicKey'])
  }

  /** Start `mimir listen --json` on a port of its own. */
  async listen(...args: string[]): Promise<Listening> {
    const terminal = new Terminal({ cwd: this.cwd })
    const ended = terminal.run('listen', '--json', '--home', 'home', '--listen', 'tcp://127.0.0.1:0', ...args)
    const stop = (): Promise<number> => {
      terminal.signals.emit('SIGTERM')
      return ended
    }
    onTestFinished(async () => {
      await stop()
    })
    const ready = await terminal.out.event('ready')
    return { terminal, ended, stop, address: String(ready['address']), publicKey: String(ready['publicKey']) }
  }
}

export interface Listening {
  readonly terminal: Terminal
  readonly ended: Promise<number>
  readonly address: string
  readonly publicKey: string
  stop(): Promise<number>
}

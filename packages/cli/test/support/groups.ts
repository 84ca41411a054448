import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { Person } from './people.js'
import { Terminal } from './terminal.js'

/** `mimir mediator` in this process, with its home in a folder that may be given again. */
export class MediatorServer {
  readonly terminal: Terminal
  readonly ended: Promise<number>
  /** As `--mediator` takes it. */
  readonly name: string
  readonly address: string
  readonly http: string

  private constructor(terminal: Terminal, ended: Promise<number>, ready: Record<string, unknown>) {
    this.terminal = terminal
    this.ended = ended
    this.name = String(ready['mediator'])
    this.address = String(ready['address'])
    this.http = String(ready['http'])
  }

  static async start(options: { cwd?: string; args?: readonly string[] } = {}): Promise<MediatorServer> {
    const { cwd, args = [] } = options
    const terminal = new Terminal(cwd === undefined ? {} : { cwd })
    const listen = args.includes('--listen') ? [] : ['--listen', 'tcp://127.0.0.1:0']
    const ended = terminal.start('mediator', '--json', '--home', 'home', ...listen, ...args)
    return new MediatorServer(terminal, ended, await terminal.out.event('ready'))
  }

  get cwd(): string {
    return this.terminal.cwd
  }

  get home(): string {
    return join(this.cwd, 'home')
  }

  stop(): Promise<number> {
    this.terminal.signals.emit('SIGTERM')
    return this.ended
  }

  /** The same one again, where it was. */
  again(): Promise<MediatorServer> {
    return MediatorServer.start({ cwd: this.cwd, args: ['--listen', this.address] })
  }
}

/** Somebody who knows a mediator. */
export class Member {
  readonly person = new Person()
  readonly #mediator: string

  private constructor(mediator: string) {
    this.#mediator = mediator
  }

  /** The key that others invite. */
  key = ''

  static async create(mediator: MediatorServer, name: string): Promise<Member> {
    const member = new Member(mediator.name)
    await member.person.run(['id', 'create', '--name', name])
    member.key = await member.person.publicKey()
    return member
  }

  /** `mimir group …` to its end. @returns exit code, and what was printed */
  async group(...args: readonly string[]): Promise<Outcome> {
    const terminal = await this.person.run(['group', ...args, ...this.#options])
    return { exitCode: terminal.exitCode, text: terminal.out.text, errors: terminal.err.all }
  }

  /** The same, for its JSON; it has to succeed. */
  async groupJson(...args: readonly string[]): Promise<Record<string, unknown>[]> {
    const terminal = await this.person.run(['group', ...args, '--json', ...this.#options])
    if (terminal.exitCode !== 0) throw new Error(`group ${args.join(' ')}: ${terminal.err.text}`)
    return terminal.out.json
  }

  /** `mimir listen` until the test ends. */
  async listen(...args: string[]): Promise<Terminal> {
    return (await this.person.listen(...args, ...this.#options)).terminal
  }

  /** `mimir group …` that takes its time. */
  begin(...args: string[]): { terminal: Terminal; ended: Promise<number> } {
    const started = this.person.begin(['group', ...args, ...this.#options])
    onTestFinished(async () => {
      started.terminal.signals.emit('SIGTERM')
      await started.ended
    })
    return started
  }

  get #options(): string[] {
    return ['--mediator', this.#mediator]
  }
}

export interface Outcome {
  readonly exitCode: number
  readonly text: string
  readonly errors: readonly string[]
}

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createSigner } from '@mimirjs/crypto'
import { writeKeyFile } from '@mimirjs/crypto/keyfile'
import { Messenger, type MessengerOptions } from '@mimirjs/messenger'
import { onTestFinished } from 'vitest'
import { temporaryFolder } from '../../support/folder.js'
import { MIMIR } from '../../support/mimir.js'
import { Pty, type PtyOptions } from './pty.js'

/** Everybody's key is always the same one, because screens show the start of it. */
const SEEDS = { Alice: 1, Bob: 2, Carol: 3 } as const
export type Name = keyof typeof SEEDS

function seedOf(name: Name): Uint8Array {
  return new Uint8Array(32).fill(SEEDS[name])
}

/** Somebody to talk to: a messenger in this process, reached over TCP. */
export class Friend {
  readonly messenger: Messenger
  readonly address: string
  readonly folder: string

  private constructor(messenger: Messenger, address: string, folder: string) {
    this.messenger = messenger
    this.address = address
    this.folder = folder
  }

  /** @param again - the same person with the same folder, at the same address */
  static async start(name: Name, options: MessengerOptions = {}, again?: Friend): Promise<Friend> {
    const folder = again?.folder ?? temporaryFolder()
    const messenger = await Messenger.open(folder, {
      name,
      signer: createSigner(seedOf(name)),
      generation: 'current',
      contactRequests: 'accept',
      retry: { minMs: 20, maxMs: 100 },
      ...options,
    })
    onTestFinished(() => messenger.close({ timeoutMs: 1_000 }))
    return new Friend(messenger, await messenger.listen(again?.address ?? 'tcp://127.0.0.1:0'), folder)
  }

  get key(): string {
    return this.messenger.publicKey
  }

  get link(): string {
    return this.messenger.link
  }

  /** Texts of the history with somebody, oldest first. */
  async texts(peer: string): Promise<string[]> {
    return (await this.messenger.history(peer)).reverse().map(({ text }) => text)
  }
}

const PROGRAM = fileURLToPath(new URL('./chat-program.ts', import.meta.url))

export interface ChatOptions extends PtyOptions {
  args?: readonly string[]
  /** A shell line around the program, which is `"$0" "$@"` in it. */
  shell?: string
}

/** Alice at her terminal. */
export class Alice {
  readonly cwd: string = temporaryFolder()
  readonly home: string = join(this.cwd, 'home')
  readonly key: string

  constructor() {
    mkdirSync(this.home, { mode: 0o700 })
    writeKeyFile(join(this.home, 'identity.key'), seedOf('Alice'))
    this.key = Buffer.from(createSigner(seedOf('Alice')).publicKey).toString('hex')
  }

  /** Write somebody down before the chat starts. */
  async knows(...friends: readonly Friend[]): Promise<void> {
    await using messenger = await Messenger.open(this.home, { generation: 'current', name: 'Alice' })
    for (const friend of friends) await messenger.addContact(friend.link)
  }

  /** Start `mimir chat`. @param friends - whom she can reach; the first is the one she talks to */
  chat(friends: readonly Friend[] = [], options: ChatOptions = {}): Pty {
    const [first] = friends
    const to = first === undefined ? [] : [first.link, '--address', first.address]
    const { args = [], shell, ...pty } = options
    const [node, ...runtime] = MIMIR
    const command = [
      ...[node, ...runtime.slice(0, -1), PROGRAM, 'chat', ...to, '--generation', 'current', '--name', 'Alice'],
      ...['--home', this.home, '--listen', 'tcp://127.0.0.1:0', ...args],
    ] as const
    return new Pty(shell === undefined ? command : ['/bin/sh', '-c', shell, ...command], { cwd: this.cwd, ...pty })
  }

  /** Where others reach her, as her screen says it. */
  static addressIn(pty: Pty): string {
    return /tcp:\/\/127\.0\.0\.1:\d+/.exec(pty.rows[0] ?? '')?.[0] ?? ''
  }
}

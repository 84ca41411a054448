// The chat without a person: keys are pressed on a keyboard in memory, and what it draws is read.
import { EventEmitter } from 'node:events'
import { PassThrough, Writable } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'
import { type CliIo, run } from '@mimirjs/cli'
import { audit, type Verdict } from './audit.js'
import type { World } from './world.js'

const PATIENCE_MS = 30_000
const MESSAGES = 20
const ENTER = '\r'
const CTRL_C = '\u0003'

/** One run of the chat. */
class Session {
  readonly ended: Promise<number>
  readonly #keyboard = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => {} })
  #drawn = ''
  #watcher: () => void = () => {}

  constructor(args: readonly string[]) {
    const screen = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        this.#drawn += stripVTControlCharacters(chunk.toString())
        this.#watcher()
        done()
      },
    })
    const io: CliIo = {
      stdin: this.#keyboard,
      stdout: Object.assign(screen, { isTTY: true, columns: 100, rows: 30 }),
      stderr: process.stderr,
      env: { ...process.env, NO_COLOR: '1' },
      cwd: process.cwd(),
      signals: new EventEmitter(),
    }
    this.ended = run(args, io)
  }

  press(keys: string): void {
    this.#keyboard.write(keys)
  }

  /** Wait until this was drawn. @throws {Error} when it does not come */
  async drawn(text: string): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    try {
      await new Promise<void>((resolve, reject) => {
        timer = setTimeout(
          () => reject(new Error(`waited ${PATIENCE_MS / 1000} s for '${text}' on the screen`)),
          PATIENCE_MS,
        )
        this.#watcher = () => this.#drawn.includes(text) && resolve()
        void this.ended.then((code) =>
          reject(new Error(`the chat ended with ${code} before '${text}' was on the screen`)),
        )
        this.#watcher()
      })
    } finally {
      clearTimeout(timer)
      this.#watcher = () => {}
    }
  }

  async end(): Promise<void> {
    this.press(CTRL_C)
    const code = await this.ended
    if (code !== 0) throw new Error(`the chat ended with ${code}`)
  }
}

/** @returns what the databases say, and how many ms an answer took on the screen, in the median */
export async function smoke(world: World): Promise<Verdict & { medianAnswerMs: number }> {
  const answersMs: number[] = []
  const first = new Session(world.args)
  await first.drawn('nothing was said here yet')
  for (let number = 1; number <= MESSAGES; number++) {
    const startedMs = performance.now()
    first.press(`message ${number} of ${MESSAGES} 你好${ENTER}`)
    await first.drawn(`you said: message ${number} of ${MESSAGES}`)
    answersMs.push(performance.now() - startedMs)
  }
  first.press('typed and not sent')
  await first.drawn('typed and not sent')
  await first.end()

  const second = new Session(world.args)
  await second.drawn('typed and not sent')
  second.press(` before${ENTER}/long${ENTER}/request${ENTER}`)
  await second.drawn('Übermut')
  await second.drawn('asks to be your contact')
  await second.end()

  const [you] = await world.echo.contacts()
  await world.close()
  const verdict = await audit(
    { folder: world.home, publicKey: you?.peer ?? '' },
    { folder: world.echoFolder, publicKey: world.echo.publicKey },
  )
  answersMs.sort((a, b) => a - b)
  return { ...verdict, medianAnswerMs: Number((answersMs[MESSAGES / 2] ?? 0).toFixed(1)) }
}

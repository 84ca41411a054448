// The example bots as they are: processes, started from their sources, and somebody who writes to them over TCP.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { type Content, Messenger, type MessengerOptions, type Sent } from '@mimirjs/messenger'
import { toHex } from '@mimirjs/wire'
import { parseContactLink } from '@mimirjs/wire/link'
import { onTestFinished } from 'vitest'

const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href

export function newFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'mimirjs-bot-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** What {@link BotProcess.end} says of a bot that SIGTERM ended in order. Windows knows no signals: there it just ends. */
export const IN_ORDER: number | NodeJS.Signals = process.platform === 'win32' ? 'SIGTERM' : 0

export interface BotProcess {
  readonly child: ChildProcess
  /** What it prints; ends with it. */
  line(pattern: RegExp): Promise<RegExpExecArray>
  readonly errors: () => string
  /** @returns exit code, or the signal that ended it */
  end(signal: NodeJS.Signals): Promise<number | NodeJS.Signals | null>
}

/** @param name - of the folder below `examples` */
export function startBot(name: string, env: Readonly<Record<string, string>>): BotProcess {
  const main = fileURLToPath(new URL(`../../../examples/${name}/src/main.ts`, import.meta.url))
  const child = spawn(process.execPath, ['--conditions=mimir:source', '--import', tsx, main], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const exited = new Promise<number | NodeJS.Signals | null>((resolve) => {
    child.once('close', (code, signal) => resolve(code ?? signal))
  })
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await exited
  })
  const lines: string[] = []
  const waiting = new Set<() => void>()
  let errors = ''
  const look = (): void => {
    for (const wake of waiting) wake()
  }
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line)
    look()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString()
  })
  let isOver = false
  void exited.then(() => {
    isOver = true
    look()
  })
  return {
    child,
    errors: () => errors,
    line: (pattern) =>
      new Promise((resolve, reject) => {
        const wake = (): void => {
          const found = lines.map((line) => pattern.exec(line)).find((match) => match !== null)
          if (found) resolve(found)
          else if (isOver)
            reject(new Error(`${name} ended and never printed ${pattern}:\n${lines.join('\n')}\n${errors}`))
          else return
          waiting.delete(wake)
        }
        waiting.add(wake)
        wake()
      }),
    end: (signal) => {
      child.kill(signal)
      return exited
    },
  }
}

/** What every example bot prints: where it listens, and its link. */
export async function reach(bot: BotProcess): Promise<{ address: string; publicKey: string }> {
  const [, address = ''] = await bot.line(/^listening on (\S+)$/)
  const [link] = await bot.line(/^mimir:\S+$/)
  return { address, publicKey: toHex(parseContactLink(link).publicKey) }
}

export interface Person {
  readonly messenger: Messenger
  /** Texts that came, in order. */
  readonly heard: string[]
  say(to: string, ...contents: Content[]): Promise<Sent[]>
}

/** Somebody on this machine, with files and TCP as anybody else. */
export async function openPerson(options: MessengerOptions = {}): Promise<Person> {
  const messenger = await Messenger.open(newFolder(), { retry: { minMs: 20, maxMs: 200 }, ...options })
  onTestFinished(() => messenger.close({ timeoutMs: 2_000 }))
  const heard: string[] = []
  messenger.on('message', ({ text }) => heard.push(text))
  const say = async (to: string, ...contents: Content[]): Promise<Sent[]> => {
    const sent = []
    for (const content of contents) sent.push(await messenger.send(to, content))
    return sent
  }
  return { messenger, heard, say }
}

export async function until(test: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await test())) await new Promise((resolve) => setTimeout(resolve, 10))
}

// The bot of the README and the issue: started as it is, written to with the `mimir` command, and killed in between.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'

const main = fileURLToPath(new URL('../../examples/first-bot/src/main.ts', import.meta.url))
const mimir = fileURLToPath(new URL('../../packages/cli/src/bin.ts', import.meta.url))
const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
const node = ['--conditions=mimir:source', '--import', tsx]

// The bot listens on the protocol's own port, which somebody on this machine may have: loaded before it, this moves it
// to a free one and says which.
const otherPort = `data:text/javascript,${encodeURIComponent(`
  import { Server } from 'node:net'
  const { listen } = Server.prototype
  Server.prototype.listen = function (options, ...rest) {
    this.once('listening', () => console.log(this.address().port))
    return listen.call(this, { ...options, port: options.port === 5050 ? 0 : options.port }, ...rest)
  }
`)}`

const folder = mkdtempSync(path.join(tmpdir(), 'mimirjs-first-bot-'))

function start(args: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, [...node, ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

async function startBot(): Promise<{ bot: ChildProcess; address: string }> {
  const bot = start(['--import', otherPort, main])
  for await (const line of createInterface({ input: bot.stdout! })) return { bot, address: `tcp://127.0.0.1:${line}` }
  throw new Error('the bot ended before it listened')
}

/** Run `mimir` to its end. @returns what it printed */
async function run(...args: string[]): Promise<{ exitCode: number | null; out: string }> {
  const child = start([mimir, ...args])
  let out = ''
  child.stdout!.on('data', (chunk: Buffer) => {
    out += chunk.toString()
  })
  const exitCode = await new Promise<number | null>((resolve) => child.once('close', resolve))
  return { exitCode, out }
}

test('the five-line bot echoes, also what it was sent before it was killed', { timeout: 60_000 }, async () => {
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const first = await startBot()
  const { out } = await run('id', 'show', '--home', 'bot', '--json', '--name', 'Bot')
  const { publicKey } = JSON.parse(out) as { publicKey: string }
  const ask = ['send', publicKey, '--home', 'alice', '--answer', '--quiet']
  expect(await run(...ask, 'Hello, bot', '--address', first.address)).toEqual({ exitCode: 0, out: 'Hello, bot\n' })

  first.bot.kill('SIGKILL')
  expect(await run('send', publicKey, 'while you were away', '--home', 'alice', '--no-wait', '--quiet')).toEqual({
    exitCode: 0,
    out: '',
  })
  const second = await startBot()
  expect(await run(...ask, 'Grüße 👋', '--address', second.address)).toEqual({ exitCode: 0, out: 'Grüße 👋\n' })
  const history = await run('history', publicKey, '--home', 'alice', '--json')
  const entries = history.out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { outgoing: boolean; text: string })
  const texts = ['Hello, bot', 'while you were away', 'Grüße 👋']
  expect(entries.filter(({ outgoing }) => outgoing).map(({ text }) => text)).toEqual(texts)
  expect(entries.filter(({ outgoing }) => !outgoing).map(({ text }) => text)).toEqual(texts)
})

test('it is five lines', () => {
  expect(readFileSync(main, 'utf8').trim().split('\n').length).toBeLessThanOrEqual(5)
})

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createSigner, generateSeed } from '@mimirjs/crypto'
import { toHex } from '@mimirjs/wire'
import { afterEach, describe, expect, test } from 'vitest'
import { type HistoryEntry, Messenger, openSqliteStore } from '../src/index.js'
import type { BotOptions, CrashMethod } from './support/crashing-bot.js'

// The table of docs/architecture.md, row by row: a real process dies exactly there, a second one takes over its
// database, and both sides are counted.

const PROGRAM = fileURLToPath(new URL('./support/crashing-bot.ts', import.meta.url))
const folders: string[] = []
const children: ChildProcess[] = []
const open: Messenger[] = []
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  await Promise.all(open.splice(0).map((messenger) => messenger.close({ timeoutMs: 1_000 })))
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mimir-crash-'))
  folders.push(folder)
  return folder
}

type Report = { event: 'listening'; address: string } | { event: 'accepted'; id: string }

async function startBot(options: BotOptions): Promise<{ child: ChildProcess; address: string; accepted: string[] }> {
  const child = fork(PROGRAM, [JSON.stringify(options)], {
    execArgv: ['--conditions=mimir:source', '--import', 'tsx'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  children.push(child)
  const accepted: string[] = []
  child.on('message', (report: Report) => {
    if (report.event === 'accepted') accepted.push(report.id)
  })
  const [{ address }] = (await once(child, 'message')) as [Extract<Report, { event: 'listening' }>]
  return { child, address, accepted }
}

function newBot(): { folder: string; seed: string; botKey: string } {
  const seed = generateSeed()
  return { folder: newFolder(), seed: toHex(seed), botKey: toHex(createSigner(seed).publicKey) }
}

async function openAnn(): Promise<{ ann: Messenger; other: BotOptions['other'] }> {
  const ann = await Messenger.open(newFolder(), {
    retry: { minMs: 20, maxMs: 100 },
    limits: { signaturesPerMinute: 1_000 },
  })
  open.push(ann)
  return { ann, other: { peer: ann.publicKey, address: await ann.listen('tcp://127.0.0.1:0') } }
}

/** The conversation as it stands in a bot's database, after its process is gone. */
async function stopAndRead(child: ChildProcess, folder: string, peer: string) {
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
  const store = openSqliteStore(join(folder, 'messenger.sqlite'))
  const rows = await store.history(peer, { limit: 100 })
  await store.close()
  return rows
}

const incoming = (entries: HistoryEntry[]): string[] =>
  entries.filter(({ outgoing }) => !outgoing).map(({ text }) => text)

async function until(test: () => Promise<boolean>): Promise<void> {
  while (!(await test())) await new Promise((resolve) => setTimeout(resolve, 10))
}

const POINTS = (['receive', 'enqueue', 'handled', 'markDelivered'] as CrashMethod[]).flatMap((method) =>
  (['before', 'after'] as const).map((when) => ({ method, when })),
)

describe('a bot that dies', { timeout: 60_000 }, () => {
  test.each(POINTS)('$when $method is committed answers once, after it came back', async (point) => {
    const { ann, other } = await openAnn()
    const { folder, seed, botKey } = newBot()
    const first = await startBot({ folder, seed, other, point })
    const died = once(first.child, 'exit')
    ann.addAddress(botKey, first.address)
    const sent = await ann.send(botKey, 'hello')
    expect((await died)[1]).toBe('SIGKILL')

    const second = await startBot({ folder, seed, other })
    ann.addAddress(botKey, second.address)
    await ann.whenDelivered(sent)
    await until(async () => incoming(await ann.history(botKey)).length > 0)
    // What could still double needs its time to arrive: a second message goes the same way behind it.
    await ann.send(botKey, 'again')
    await until(async () => incoming(await ann.history(botKey)).includes('re: again'))

    expect(incoming(await ann.history(botKey))).toEqual(['re: again', 're: hello'])
    const rows = await stopAndRead(second.child, folder, ann.publicKey)
    expect(rows.filter(({ outgoing }) => !outgoing)).toHaveLength(2)
    expect(rows.filter(({ outgoing }) => outgoing)).toHaveLength(2)
    expect(rows.filter(({ outgoing }) => !outgoing).map(({ state }) => state)).toEqual(['handled', 'handled'])
  })
})

describe('a conversation whose bot dies', { timeout: 60_000 }, () => {
  test.each([
    { method: 'enqueue', when: 'before' },
    { method: 'enqueue', when: 'after' },
    { method: 'handled', when: 'before' },
    { method: 'handled', when: 'after' },
  ] as const)('$when $method is committed has asked once, and the answer is not lost', async (point) => {
    const { ann, other } = await openAnn()
    const { folder, seed, botKey } = newBot()
    const first = await startBot({ folder, seed, other, point })
    const died = once(first.child, 'exit')
    ann.addAddress(botKey, first.address)
    await ann.send(botKey, '/order')
    expect((await died)[1]).toBe('SIGKILL')

    const second = await startBot({ folder, seed, other })
    ann.addAddress(botKey, second.address)
    const heard = async (): Promise<string[]> => incoming(await ann.history(botKey)).reverse()
    await until(async () => (await heard()).includes('Which size?'))
    await ann.send(botKey, 'XL')
    await until(async () => (await heard()).length === 2)
    // Where the command was handled, the conversation is gone, and the answer a message like any other.
    const answer = point.method === 'handled' && point.when === 'after' ? 're: XL' : 'One XL.'
    expect(await heard()).toEqual(['Which size?', answer])
    const rows = await stopAndRead(second.child, folder, ann.publicKey)
    expect(rows.filter(({ outgoing }) => outgoing)).toHaveLength(2)
  })
})

describe('a sender that dies', { timeout: 60_000 }, () => {
  test.each([
    { method: 'enqueue', when: 'before' },
    { method: 'enqueue', when: 'after' },
    { method: 'markDelivered', when: 'before' },
    { method: 'markDelivered', when: 'after' },
  ] as const)('$when $method is committed delivers what it accepted, once', async (point) => {
    const { ann, other } = await openAnn()
    const { folder, seed, botKey } = newBot()
    const first = await startBot({ folder, seed, other, point, text: 'one' })
    await once(first.child, 'exit')
    const second = await startBot({ folder, seed, other, text: 'two' })
    await until(async () => incoming(await ann.history(botKey)).includes('two'))

    // Before the commit nothing was promised, and nothing arrives; from then on everything does, once.
    const promised = point.method === 'enqueue' && point.when === 'before' ? ['two'] : ['two', 'one']
    expect(incoming(await ann.history(botKey))).toEqual(promised)
    const rows = await stopAndRead(second.child, folder, ann.publicKey)
    expect(rows).toHaveLength(promised.length)
  })
})

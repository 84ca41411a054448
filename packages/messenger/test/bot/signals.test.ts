import { type ChildProcess, fork } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, test } from 'vitest'
import { closeOnSignals, Messenger, openSqliteStore } from '../../src/index.js'
import { newFolder, open } from '../support/world.js'

const PROGRAM = fileURLToPath(new URL('../support/closing-bot.ts', import.meta.url))
const children: ChildProcess[] = []
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

interface Report {
  readonly event: 'listening' | 'handling' | 'closing'
  readonly address: string
  readonly publicKey: string
}

/** The bot of support/closing-bot.ts, with a message of Ann's in the hands of its handler. */
async function startBusyBot() {
  const folder = newFolder()
  const child = fork(PROGRAM, [folder], {
    execArgv: ['--conditions=mimir:source', '--import', 'tsx'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  children.push(child)
  const reports = new EventEmitter()
  child.on('message', (report: Report) => reports.emit(report.event, report))
  const [{ address, publicKey }] = (await once(reports, 'listening')) as [Report]
  const ann = await Messenger.open(newFolder(), { retry: { minMs: 20, maxMs: 100 } })
  open.push(ann)
  ann.addAddress(publicKey, address)
  const handling = once(reports, 'handling')
  await ann.send(publicKey, 'hello')
  await handling
  const signal = async (name: NodeJS.Signals): Promise<void> => {
    const closing = once(reports, 'closing')
    child.kill(name)
    await closing
  }
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>
  const read = async () => {
    const store = openSqliteStore(join(folder, 'messenger.sqlite'))
    const counts = await store.counts()
    await store.close()
    return counts
  }
  return { child, signal, exited, read }
}

/** Elsewhere no process hears a signal of another: it just ends. */
const hasSignals = process.platform !== 'win32'

describe('a process that is told to end', { timeout: 60_000 }, () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('%s: lets its handler finish, and ends by itself', async (name) => {
    if (!hasSignals) return
    const bot = await startBusyBot()
    await bot.signal(name)
    bot.child.send('finish')
    expect(await bot.exited).toEqual([0, null])
    expect(await bot.read()).toMatchObject({ unhandled: 0, messages: 2 })
  })

  test('twice: ends at once, and the message comes again', async () => {
    if (!hasSignals) return
    const bot = await startBusyBot()
    await bot.signal('SIGTERM')
    bot.child.kill('SIGINT')
    expect(await bot.exited).toEqual([130, null])
    expect(await bot.read()).toMatchObject({ unhandled: 1 })
  })
})

describe('step by step', () => {
  const listeners = (): number => process.listenerCount('SIGUSR2')

  test('what brings work is stopped first, and everything else whatever fails', async () => {
    const before = listeners()
    const steps: unknown[] = []
    const over = new Promise<void>((resolve) => {
      const stop = closeOnSignals(
        {
          close: async ({ timeoutMs }) => {
            steps.push(`close ${timeoutMs}`)
            throw new Error('disk gone')
          },
        },
        {
          signals: ['SIGUSR2'],
          timeoutMs: 7,
          before: async () => steps.push('before'),
          after: () => {
            steps.push('after')
            stop()
            resolve()
          },
          onError: (error) => steps.push(error),
        },
      )
    })
    expect(listeners()).toBe(before + 1)
    process.emit('SIGUSR2', 'SIGUSR2')
    await over
    expect(steps).toEqual(['before', 'close 7', expect.objectContaining({ message: 'disk gone' }), 'after'])
    expect(listeners()).toBe(before)
  })
})

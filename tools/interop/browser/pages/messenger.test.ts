// Messengers in a real Chromium: what the browser keeps, through everything that may happen to it.
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { type IncomingMessage, Messenger, type MessengerOptions } from '@mimirjs/messenger'
import type { Browser, JSHandle, Page } from 'playwright'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { MessengerPageGlobals, Resident } from './messenger-page.js'
import { RealChromium } from './real-chromium.js'
import { bundle, launchChromium, type PageServer, servePage } from './support.js'

const MEBIBYTE = 1024 * 1024

let server: PageServer
let browser: Browser
beforeAll(async () => {
  server = await servePage(await bundle(fileURLToPath(new URL('./messenger-page.ts', import.meta.url))))
  browser = await launchChromium()
})
afterAll(async () => {
  await browser?.close()
  await server?.close()
})

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

/** A bot in this process that hears everything, and answers if it is told how. */
async function openBot(answer?: (message: IncomingMessage) => unknown) {
  const folder = mkdtempSync(path.join(tmpdir(), 'mimir-bot-'))
  cleanups.push(() => rmSync(folder, { recursive: true }))
  const bot = await Messenger.open(folder, { generation: 'current', retry: { minMs: 100, maxMs: 1_000 } })
  cleanups.push(() => bot.close())
  const heard: string[] = []
  bot.on('message', async (message) => {
    heard.push(message.text)
    await answer?.(message)
  })
  return { bot, key: bot.publicKey, heard, address: await bot.listen('ws://127.0.0.1:0') }
}

async function openPage(): Promise<Page> {
  const context = await browser.newContext()
  cleanups.push(() => context.close())
  const page = await context.newPage()
  await page.goto(server.origin)
  return page
}

async function openAnn(page: Page, options: MessengerOptions = {}): Promise<JSHandle<Resident>> {
  await page.waitForFunction(() => 'Resident' in globalThis)
  return page.evaluateHandle(
    (options) => (globalThis as unknown as MessengerPageGlobals).Resident.open('ann', options),
    options,
  )
}

const upTo = (count: number): string[] => Array.from({ length: count }, (_, number) => String(number))

test('a browser that is killed at any moment loses nothing that was accepted, and doubles nothing', async () => {
  const { bot, key, heard, address } = await openBot((message) => message.reply(`you said ${message.text}`))
  const chromium = new RealChromium()
  cleanups.push(() => chromium.remove())

  // Killed while it writes; nothing is delivered yet.
  let page = await chromium.start(server.origin)
  let ann = await openAnn(page)
  const me = await ann.evaluate((resident) => resident.key)
  const kept = await countUntil(page, ann, key, 0, 50)
  await chromium.kill()

  page = await chromium.start(server.origin)
  ann = await openAnn(page)
  expect(await ann.evaluate((resident) => resident.key)).toBe(me)
  const written = await ann.evaluate((resident, bot) => resident.said(bot, true), key)
  expect(written).toEqual(upTo(written.length))
  expect(written.length).toBeGreaterThan(kept)

  // Killed while it writes, delivers and receives.
  await ann.evaluate((resident, bot) => resident.meet(...bot), [key, address] as const)
  await expect.poll(() => heard.length).toBeGreaterThan(10)
  const keptThen = await countUntil(page, ann, key, written.length, written.length + 50)
  await chromium.kill()

  page = await chromium.start(server.origin)
  ann = await openAnn(page)
  await ann.evaluate((resident, bot) => resident.meet(...bot), [key, address] as const)
  const all = await ann.evaluate((resident, bot) => resident.said(bot, true), key)
  expect(all).toEqual(upTo(all.length))
  expect(all.length).toBeGreaterThan(keptThen)
  await expect.poll(() => heard.length).toBe(all.length)
  expect(heard).toEqual(all)
  const answers = async (): Promise<string[]> => ann.evaluate((resident, bot) => resident.said(bot, false), key)
  await expect.poll(async () => (await answers()).length).toBe(all.length)
  expect(await answers()).toEqual(all.map((text) => `you said ${text}`))
  await expect.poll(async () => (await bot.health()).undelivered).toBe(0)
})

test('after a reload in the middle of a file it goes on, and the file is whole', async () => {
  const sizeBytes = 24 * MEBIBYTE
  const { bot, key, address } = await openBot()
  const page = await openPage()
  let ann = await openAnn(page)
  const me = await ann.evaluate((resident) => resident.key)
  await ann.evaluate((resident, args) => resident.sendFile(...args), [key, sizeBytes] as const)
  const message = new Promise<IncomingMessage>((resolve) => bot.on('message', resolve))
  await ann.evaluate((resident, given) => resident.meet(...given), [key, address] as const)
  const { id } = await message

  let hasBegun = (): void => {}
  const begun = new Promise<void>((resolve) => {
    hasBegun = resolve
  })
  const seen: number[] = []
  const download = bot.download(
    { id, peer: me },
    {
      onProgress({ doneBytes }) {
        seen.push(doneBytes)
        if (doneBytes > MEBIBYTE) hasBegun()
      },
    },
  )
  await begun
  await page.reload()
  expect(Math.max(...seen)).toBeLessThan(sizeBytes)
  ann = await openAnn(page)
  await ann.evaluate((resident, given) => resident.meet(...given), [key, address] as const)
  // Who has nothing to say connects to nobody.
  await ann.evaluate((resident, bot) => resident.send(bot, 'here again'), key)
  // It is what was announced: the hash was compared.
  expect(statSync((await download).path).size).toBe(sizeBytes)
})

test('a full disk refuses what comes then, and keeps what was there', async () => {
  const { key } = await openBot()
  const page = await openPage()
  const devTools = await page.context().newCDPSession(page)
  const { origin } = server
  // Before anything is written: Chromium remembers for some seconds how much room there is.
  await devTools.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 2 * MEBIBYTE })
  const ann = await openAnn(page)
  await ann.evaluate((resident, bot) => resident.send(bot, 'before'), key)
  const refused = ann.evaluate((resident, bot) => resident.sendUntilRefused(bot, 500), key)
  expect(await refused).toMatch(/^store: .*there is no room left/)
  await devTools.send('Storage.overrideQuotaForOrigin', { origin })
  await ann.evaluate((resident, bot) => resident.send(bot, 'after'), key)
  const said = await ann.evaluate((resident, bot) => resident.said(bot, true), key)
  expect([said.at(0), said.at(-1)]).toEqual(['before', 'after'])
  await page.reload()
  const again = await openAnn(page)
  expect(await again.evaluate((resident, bot) => resident.said(bot, true), key)).toEqual(said)
})

test('a page that is loaded again without room reads everything, and has room when a file is deleted', async () => {
  const { key } = await openBot()
  const page = await openPage()
  const devTools = await page.context().newCDPSession(page)
  const { origin } = server
  await devTools.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 4 * MEBIBYTE })
  let ann = await openAnn(page)
  await ann.evaluate((resident, given) => resident.sendNoise(...given), [key, MEBIBYTE] as const)
  for (const sizeBytes of [60_000, 6_000, 600, 60]) {
    const given = [key, 500, sizeBytes] as const
    expect(await ann.evaluate((resident, given) => resident.sendUntilRefused(...given), given)).toContain('no room')
  }
  const said = await ann.evaluate((resident, bot) => resident.said(bot, true), key)

  await page.reload()
  // Nobody is there; it would have to write something down before it asks.
  ann = await openAnn(page, { rendezvous: { servers: ['ws://127.0.0.1:18765'] } })
  expect(await ann.evaluate((resident, bot) => resident.said(bot, true), key)).toEqual(said)
  expect(await ann.evaluate((resident, bot) => resident.delete(bot, 'last'), key)).toContain('no room')
  expect(await ann.evaluate(({ errors }) => errors)).toEqual([expect.stringMatching(/^rendezvous: .*no room/)])
  expect(await ann.evaluate((resident, bot) => resident.delete(bot, 'first'), key)).toBe('deleted')
  expect(await ann.evaluate((resident, bot) => resident.delete(bot, 'last'), key)).toBe('deleted')
  await ann.evaluate((resident, bot) => resident.send(bot, 'room again'), key)
  await page.reload()
  ann = await openAnn(page)
  const left = [...said.slice(1, -1), 'room again']
  expect(await ann.evaluate((resident, bot) => resident.said(bot, true), key)).toEqual(left)
})

test('a second window is told, and may open it when the first has gone', async () => {
  const first = await openPage()
  const ann = await openAnn(first)
  const key = await ann.evaluate((resident) => resident.key)
  const second = await first.context().newPage()
  await second.goto(server.origin)
  await second.waitForFunction(() => 'Resident' in globalThis)
  const refusal = second.evaluate(() => (globalThis as unknown as MessengerPageGlobals).Resident.refusal('ann'))
  expect(await refusal).toBe('in-use')
  await first.close()
  const again = await openAnn(second)
  expect(await again.evaluate((resident) => resident.key)).toBe(key)
})

test('the key cannot be read by any script of the page', async () => {
  const page = await openPage()
  await openAnn(page)
  const keys = await page.evaluate(async () => {
    const request = indexedDB.open('mimir-ann-identity')
    const database = await new Promise<IDBDatabase>((resolve) => {
      request.onsuccess = () => resolve(request.result)
    })
    const [store = ''] = database.objectStoreNames
    const all = database.transaction(store).objectStore(store).getAll()
    await new Promise((resolve) => {
      all.onsuccess = resolve
    })
    const [{ keys: kept }] = all.result as [{ keys: Record<'ed25519' | 'x25519', CryptoKey> }]
    return Promise.all(
      [kept.ed25519, kept.x25519].map(async (found) => [
        found.extractable,
        await crypto.subtle.exportKey('pkcs8', found).then(
          () => 'exported',
          ({ name }: Error) => name,
        ),
      ]),
    )
  })
  expect(keys).toEqual([
    [false, 'InvalidAccessError'],
    [false, 'InvalidAccessError'],
  ])
})

/** Let it write until this number is kept, and go on writing. @returns that number */
async function countUntil(page: Page, ann: JSHandle<Resident>, bot: string, from: number, to: number): Promise<number> {
  const reached = page.waitForEvent('console', (message) => message.text() === `kept ${to}`)
  // It ends with the page.
  ann.evaluate((resident, args) => resident.count(...args), [bot, from] as const).catch(() => {})
  await reached
  return to
}

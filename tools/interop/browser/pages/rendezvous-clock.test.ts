// A page whose computer sleeps, and whose clock is set: Chromium with clocks that the test turns.
import { fileURLToPath } from 'node:url'
import { createSigner, generateSeed } from '@mimirjs/crypto'
import { RendezvousNode } from '@mimirjs/rendezvous'
import { nodePlatform } from '@mimirjs/rendezvous/node'
import { RendezvousServer } from '@mimirjs/rendezvous/server'
import type { Browser, JSHandle, Page } from 'playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { RendezvousPage, Visitor } from './rendezvous-page.js'
import { bundle, launchChromium, type PageServer, servePage } from './support.js'

let browser: Browser
let pages: PageServer
beforeAll(async () => {
  browser = await launchChromium()
  pages = await servePage(await bundle(fileURLToPath(new URL('./rendezvous-page.ts', import.meta.url))))
})
afterAll(async () => {
  await browser.close()
  await pages.close()
})

/** Somebody who is logged in at this server. `asked`: how often they asked it whether it is there. */
async function open(url: string): Promise<{ page: Page; visitor: JSHandle<Visitor>; asked(): number }> {
  const page = await browser.newPage()
  await page.clock.install()
  let pings = 0
  page.on('websocket', (socket) => {
    socket.on('framesent', ({ payload }) => {
      if (payload.includes('"ping"')) pings += 1
    })
  })
  await page.goto(pages.origin)
  await page.waitForFunction(() => 'Visitor' in globalThis)
  const start = (server: string): Promise<Visitor> =>
    (globalThis as unknown as RendezvousPage).Visitor.open('ann', [server])
  const visitor = await page.evaluateHandle(start, url)
  await expect.poll(() => stateOf(visitor)).toBe('ready')
  return { page, visitor, asked: () => pings }
}

function stateOf(visitor: JSHandle<Visitor>): Promise<string | undefined> {
  return visitor.evaluate(({ node }) => node.servers()[0]?.state)
}

test('after a night of sleep it asks whether they are still there, and keeps those who are', async () => {
  const server = await RendezvousServer.open({ listen: 'ws://127.0.0.1:0' })
  const [signer, platform] = [createSigner(generateSeed()), nodePlatform()]
  const script = await RendezvousNode.open({ signer, servers: [server.address], platform, policy: () => 'accept' })
  await expect.poll(() => script.servers()).toMatchObject([{ state: 'ready' }])
  const { page, visitor, asked } = await open(server.address)
  expect(await visitor.evaluate((one, address) => one.meet(address), script.address)).toBe('open')
  for (const isTold of [false, true]) {
    const before = asked()
    // First a timer of its own notices, then the application says so.
    if (isTold) await visitor.evaluate(({ node }) => node.refresh())
    else await page.clock.fastForward('08:00:00')
    await expect.poll(() => asked(), { timeout: 5_000 }).toBe(before + 1)
    await script.links()[0]?.sendChat(`told: ${isTold}`)
    expect(await stateOf(visitor)).toBe('ready')
  }
  expect(await visitor.evaluate(({ heard }) => heard)).toEqual(['told: false', 'told: true'])
  await page.close()
  await script.close()
  await server.close()
})

test('a clock that is set back by an hour keeps nobody from a server that is back', async () => {
  const before = await RendezvousServer.open({ listen: 'ws://127.0.0.1:0' })
  const { page, visitor } = await open(before.address)
  await before.close({ graceMs: 0 })
  await expect.poll(() => stateOf(visitor)).toBe('waiting')
  await page.clock.setSystemTime(Date.now() - 3_600_000)
  const after = await RendezvousServer.open({ listen: before.address })
  await expect.poll(() => stateOf(visitor), { timeout: 15_000 }).toBe('ready')
  await page.close()
  await after.close()
})

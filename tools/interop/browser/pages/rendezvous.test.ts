// Links over WebRTC between pages in a real Chromium and Node: who meets whom, streams in both directions, ends.
import { fileURLToPath } from 'node:url'
import { createSigner, generateSeed } from '@mimirjs/crypto'
import { RendezvousNode } from '@mimirjs/rendezvous'
import { nodePlatform } from '@mimirjs/rendezvous/node'
import { RendezvousServer } from '@mimirjs/rendezvous/server'
import type { Browser, JSHandle, Page } from 'playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { RendezvousPage, Visitor } from './rendezvous-page.js'
import { bundle, launchChromium, type PageServer, servePage } from './support.js'

const MEBIBYTE = 1024 * 1024

let browser: Browser
let pages: PageServer
let server: RendezvousServer
let script: RendezvousNode
const cleanups: (() => Promise<unknown>)[] = []

beforeAll(async () => {
  browser = await launchChromium()
  cleanups.push(() => browser.close())
  pages = await servePage(await bundle(fileURLToPath(new URL('./rendezvous-page.ts', import.meta.url))))
  cleanups.push(() => pages.close())
  server = await RendezvousServer.open({ listen: 'ws://127.0.0.1:0' })
  cleanups.push(() => server.close())
  script = await RendezvousNode.open({
    signer: createSigner(generateSeed()),
    servers: [server.address],
    platform: nodePlatform(),
    policy: () => 'accept',
  })
  cleanups.unshift(() => script.close())
  await script.streams.listen(script.address, {
    onStream: (stream) =>
      stream.start({
        data: (chunk) => {
          if (!stream.write(chunk.slice())) stream.pause()
        },
        drain: () => stream.resume(),
        end: () => stream.end(),
        closed() {},
      }),
  })
})
afterAll(async () => {
  for (const cleanup of cleanups) await cleanup()
})

/** Somebody in a page of their own. */
async function open(name: string): Promise<{ page: Page; visitor: JSHandle<Visitor>; address: string }> {
  const page = await browser.newPage()
  await page.goto(pages.origin)
  await page.waitForFunction(() => 'Visitor' in globalThis)
  const start = ([who, url]: readonly [string, string]): Promise<Visitor> =>
    (globalThis as unknown as RendezvousPage).Visitor.open(who, [url])
  const visitor = await page.evaluateHandle(start, [name, server.address] as const)
  return { page, visitor, address: await visitor.evaluate(({ address }) => address) }
}

test('a page and Node meet, whoever knocks, and move bytes both ways', async () => {
  const { page, visitor } = await open('ann')
  const sent = await visitor.evaluate((one, address) => one.send(address, 2 * 1024 * 1024, 3), script.address)
  expect(sent).toEqual({ receivedBytes: 2 * MEBIBYTE, sum: 6 * MEBIBYTE })

  const [link] = script.links()
  await link?.sendChat('from Node')
  expect(await visitor.evaluate(({ heard }) => heard)).toEqual(['from Node'])
  link?.close()
  await expect.poll(() => visitor.evaluate(({ heard }) => heard)).toEqual(['from Node', 'closed: bye'])

  const again = await script.connect(link?.publicKey ?? new Uint8Array(0))
  expect([again.role, again.address]).toEqual(['offerer', link?.address])
  await page.close()
})

test('two pages meet', async () => {
  const [ann, ben] = await Promise.all([open('ann'), open('ben')])
  await ben.visitor.evaluate((one) => one.echo())
  const sent = await ann.visitor.evaluate((one, address) => one.send(address, 1024 * 1024, 5), ben.address)
  expect(sent).toEqual({ receivedBytes: MEBIBYTE, sum: 5 * MEBIBYTE })
  await Promise.all([ann.page.close(), ben.page.close()])
})

test('streams over the WebRTC of a browser conform', async () => {
  const { page, visitor } = await open('ann')
  const failed = await visitor.evaluate(async (one, url) => {
    const other = await (globalThis as unknown as RendezvousPage).Visitor.open('ben', [url])
    return await one.conform(other)
  }, server.address)
  expect(failed).toEqual([])
  await page.close()
})

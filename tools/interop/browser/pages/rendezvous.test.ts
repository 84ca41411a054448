// Links over WebRTC between pages in a real Chromium and Node: who meets whom, streams in both directions, ends.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { createSigner, generateSeed } from '@mimirjs/crypto'
import { RendezvousNode } from '@mimirjs/rendezvous'
import { nodePlatform } from '@mimirjs/rendezvous/node'
import { RendezvousServer } from '@mimirjs/rendezvous/server'
import type { Browser, JSHandle, Page } from 'playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { testCertificate } from '../../../../packages/transport/test/support/certificate.js'
import type { RendezvousPage, Visitor } from './rendezvous-page.js'
import { bundle, launchChromium, type PageServer, servePage } from './support.js'
import { tlsFront } from './tls-front.js'

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
async function open(
  name: string,
  { origin = pages.origin, url = server.address } = {},
): Promise<{ page: Page; visitor: JSHandle<Visitor>; address: string }> {
  const page = await browser.newPage({ ignoreHTTPSErrors: true })
  await page.goto(origin)
  await page.waitForFunction(() => 'Visitor' in globalThis)
  const start = ([who, at]: readonly [string, string]): Promise<Visitor> =>
    (globalThis as unknown as RendezvousPage).Visitor.open(who, [at])
  const visitor = await page.evaluateHandle(start, [name, url] as const)
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

test('new paths are found between pages while bytes flow', async () => {
  const [ann, ben] = await Promise.all([open('ann'), open('ben')])
  await ben.visitor.evaluate((one) => one.echo())
  expect(await ann.visitor.evaluate((one, address) => one.meet(address), ben.address)).toBe('open')
  const ufrags = (): Promise<(string | undefined)[]> =>
    Promise.all([ann, ben].map(({ visitor }) => visitor.evaluate(({ paths }) => paths.ufrag)))
  const before = await ufrags()
  const sent = await ann.visitor.evaluate(
    (one, address) => one.send(address, 8 * 1024 * 1024, 7, () => one.paths.fail()),
    ben.address,
  )
  expect(sent).toEqual({ receivedBytes: 8 * MEBIBYTE, sum: 56 * MEBIBYTE })
  for (const { visitor } of [ann, ben])
    await expect.poll(() => visitor.evaluate(({ heard }) => heard)).toEqual(['restarting: true', 'restarting: false'])
  const after = await ufrags()
  expect(after.map((ufrag) => typeof ufrag)).toEqual(['string', 'string'])
  expect(after.filter((ufrag) => before.includes(ufrag))).toEqual([])
  await Promise.all([ann.page.close(), ben.page.close()])
})

test('a page of https and Node log in through a proxy that takes TLS off, and meet', async () => {
  const http = createServer().listen(0, '127.0.0.1')
  await once(http, 'listening')
  const [certificate, { port }] = [testCertificate(), http.address() as AddressInfo]
  const [pageFront, front] = [
    await tlsFront(Number(new URL(pages.origin).port), certificate),
    await tlsFront(port, certificate),
  ]
  const url = `wss://127.0.0.1:${front.port}`
  const behind = await RendezvousServer.open({ server: http, names: [url], trustedProxies: ['127.0.0.1'] })
  const signer = createSigner(generateSeed())
  const platform = nodePlatform({ ca: certificate.cert })
  const node = await RendezvousNode.open({ signer, servers: [url], platform, policy: () => 'accept' })
  const { page, visitor } = await open('ann', { origin: `https://127.0.0.1:${pageFront.port}`, url })
  await expect.poll(() => node.servers()).toMatchObject([{ state: 'ready' }])
  expect(await visitor.evaluate((one, address) => one.meet(address), node.address)).toBe('open')
  expect(await visitor.evaluate((one) => one.node.servers())).toMatchObject([{ url, state: 'ready' }])
  await page.close()
  await node.close()
  await behind.close()
  await Promise.all([pageFront.close(), front.close()])
  http.close()
})

test('a page looks at the certificate of the other side', async () => {
  const { page, visitor } = await open('ann')
  await page.evaluate(() => {
    const { RTCDtlsTransport } = globalThis as unknown as { readonly RTCDtlsTransport: { readonly prototype: object } }
    Object.assign(RTCDtlsTransport.prototype, { getRemoteCertificates: () => [Uint8Array.of(1, 2, 3).buffer] })
  })
  expect(await visitor.evaluate((one, address) => one.meet(address), script.address)).toBe('fingerprint')
  await page.close()
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

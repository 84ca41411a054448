// WebSocket streams between a page in a real Chromium and Node: bytes, backpressure in both directions, ends and aborts.
import { fileURLToPath } from 'node:url'
import type { ByteStream, Listener } from '@mimirjs/transport'
import { ws } from '@mimirjs/transport/ws'
import type { Browser, JSHandle, Page } from 'playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Reader, StreamsPage } from './streams-page.js'
import { bundle, launchChromium, type PageServer, servePage } from './support.js'

const MEBIBYTE = 1024 * 1024
const CHUNK_BYTES = 65_536

let browser: Browser
let server: PageServer
let listener: Listener
let accept: (stream: ByteStream) => void = () => {}

beforeAll(async () => {
  browser = await launchChromium()
  server = await servePage(await bundle(fileURLToPath(new URL('./streams-page.ts', import.meta.url))))
  listener = await ws().listen('ws://127.0.0.1:0', { onStream: (stream) => accept(stream) })
})
afterAll(async () => {
  await listener.close()
  await server.close()
  await browser.close()
})

/** A page that has dialled and reads nothing, and our end of it. */
async function open(): Promise<{ page: Page; reader: JSHandle<Reader>; stream: ByteStream }> {
  const page = await browser.newPage()
  await page.goto(server.origin)
  await page.waitForFunction(() => 'Reader' in globalThis)
  const arrival = new Promise<ByteStream>((resolve) => {
    accept = resolve
  })
  const dial = (address: string): Promise<Reader> => (globalThis as unknown as StreamsPage).Reader.dialPaused(address)
  const reader = await page.evaluateHandle(dial, listener.address)
  return { page, reader, stream: await arrival }
}

test('a page that does not read stops the writer, and gets every byte when it goes on', async () => {
  const { reader, stream } = await open()
  const sizeBytes = 16 * MEBIBYTE
  let drained = (): void => {}
  let closedWith: string | undefined
  stream.start({
    data() {},
    end: () => stream.end(),
    drain: () => drained(),
    closed: (e) => (closedWith = e?.code ?? 'in order'),
  })
  let sentBytes = 0
  const writing = (async () => {
    for (; sentBytes < sizeBytes; sentBytes += CHUNK_BYTES) {
      const again = new Promise<void>((resolve) => {
        drained = resolve
      })
      if (!stream.write(new Uint8Array(CHUNK_BYTES).fill(1))) await again
    }
  })()
  // The window of the page and what we hold back: no more than that is taken from the writer.
  await expect.poll(() => sentBytes).toBeGreaterThanOrEqual(MEBIBYTE)
  expect(await reader.evaluate(({ receivedBytes }) => receivedBytes)).toBe(0)
  expect(sentBytes).toBeLessThanOrEqual(MEBIBYTE + 2 * CHUNK_BYTES)
  await reader.evaluate((one) => one.resume())
  await writing
  await expect.poll(() => reader.evaluate(({ receivedBytes }) => receivedBytes)).toBe(sizeBytes)
  expect(await reader.evaluate(({ sum }) => sum)).toBe(sizeBytes)
  await reader.evaluate((one) => one.send(1, 2))
  await expect.poll(() => closedWith).toBe('in order')
  await expect.poll(() => reader.evaluate((one) => [one.hasEnded, one.closedWith])).toEqual([true, 'in order'])
})

test('a reader in Node that stops stops the page', async () => {
  const { reader, stream } = await open()
  const sizeBytes = 8 * MEBIBYTE
  let receivedBytes = 0
  let hasEnded = false
  const data = (chunk: Uint8Array): void => {
    receivedBytes += chunk.length
  }
  stream.pause()
  stream.start({ data, end: () => (hasEnded = true), drain() {}, closed() {} })
  let isSent = false
  const sending = reader
    .evaluate((one, size) => one.send(size, 3), sizeBytes)
    .then(() => {
      isSent = true
    })
  // Whatever the page could do is done when it answers something else.
  for (let asked = 0; asked < 20; asked++) await reader.evaluate(({ receivedBytes: none }) => none)
  expect([isSent, receivedBytes]).toEqual([false, 0])
  stream.resume()
  await sending
  await expect.poll(() => hasEnded).toBe(true)
  expect(receivedBytes).toBe(sizeBytes)
  stream.abort()
  await expect.poll(() => reader.evaluate(({ closedWith }) => closedWith)).toBe('reset')
})

test('a page that aborts, or is closed, is a reset', async () => {
  for (const leave of ['abort', 'close'] as const) {
    const { page, reader, stream } = await open()
    let closedWith: string | undefined
    stream.start({ data() {}, end() {}, drain() {}, closed: (error) => (closedWith = error?.code ?? 'in order') })
    if (leave === 'abort') await reader.evaluate((one) => one.abort())
    else await page.close()
    await expect.poll(() => closedWith).toBe('reset')
  }
})

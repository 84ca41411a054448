import { afterEach, expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import * as browser from '../../src/browser.js'
import * as node from '../../src/node.js'

afterEach(() => void vi.unstubAllGlobals())

test('both entries have the same names', () => {
  expect(Object.keys(browser)).toEqual(Object.keys(node))
})

test('a page cannot listen, and dials WebSockets only', async () => {
  vi.stubGlobal('WebSocket', WebSocket)
  await expect(browser.Yggdrasil.start({ listen: ['ws://127.0.0.1:0'] })).rejects.toMatchObject({ code: 'unsupported' })
  await expect(browser.Yggdrasil.start({ peers: ['tcp://127.0.0.1:1'] })).rejects.toMatchObject({ code: 'unsupported' })
})

test('a page and a script reach each other by public key', async () => {
  vi.stubGlobal('WebSocket', WebSocket)
  const script = await node.Yggdrasil.start({ listen: ['ws://127.0.0.1:0?origin=*'] })
  const page = await browser.Yggdrasil.start({ peers: [...script.listenAddresses] })
  try {
    await page.online()
    const got: string[] = []
    script.receive((_, packet) => void got.push(new TextDecoder().decode(packet)))
    await page.ping(script.publicKey)
    page.send(script.publicKey, new TextEncoder().encode('hello'))
    await expect.poll(() => got, { timeout: 10_000 }).toEqual(['hello'])
  } finally {
    await Promise.all([page.close(), script.close()])
  }
})

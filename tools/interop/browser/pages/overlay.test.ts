// Pages on the overlay, in a real Chromium: a Node script and pages reach each other by public key.
import { fileURLToPath } from 'node:url'
import { createFaultyProxy } from '@mimirjs/transport/testing'
import type { Browser, JSHandle, Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { PageGlobals } from './page.js'
import { Person, type PersonOptions } from './person.js'
import { bundle, launchChromium, type PageServer, servePage } from './support.js'
import { tlsFront } from './tls-front.js'

const PORT = 80
const MEBIBYTE = 1024 * 1024

let browser: Browser
let server: PageServer
/** Has no peer of its own: pages come to it. */
let script: Person
const cleanups: (() => Promise<unknown>)[] = []

beforeAll(async () => {
  browser = await launchChromium()
  cleanups.push(() => browser.close())
  server = await servePage(await bundle(fileURLToPath(new URL('./page.ts', import.meta.url))))
  cleanups.push(() => server.close())
  const origins = [`?origin=${server.origin}`, '', '?origin=https://127.0.0.1:*']
  script = await Person.start({ listen: origins.map((query) => `ws://127.0.0.1:0${query}`) })
  cleanups.push(() => script.close())
  await script.serve(PORT)
})

afterAll(async () => {
  for (const cleanup of cleanups) await cleanup()
})

interface Tab {
  readonly page: Page
  /** The one who lives in the page. */
  readonly person: JSHandle<Person>
  readonly key: string
}

/** How a page is opened. */
interface Opening {
  /** Default: that of the server. */
  readonly origin?: string
  /** Runs before anything else in the page. */
  readonly prelude?: () => void
}

/** Somebody in a page of their own. */
async function openTab(options: PersonOptions, { origin = server.origin, prelude }: Opening = {}): Promise<Tab> {
  const page = await browser.newPage({ ignoreHTTPSErrors: true })
  if (prelude !== undefined) await page.addInitScript(prelude)
  await page.goto(origin)
  await page.waitForFunction(() => 'Person' in globalThis)
  const person = await page.evaluateHandle(
    (given) => (globalThis as unknown as PageGlobals).Person.start(given),
    options,
  )
  return { page, person, key: await person.evaluate(({ key }) => key) }
}

/** One who is online, by default through the script, and echoes. */
async function openServingTab(peer = script.listenAddresses[0] ?? '', opening?: Opening): Promise<Tab> {
  const tab = await openTab({ peers: [peer] }, opening)
  await tab.person.evaluate((person, port) => Promise.all([person.online(), person.serve(port)]), PORT)
  return tab
}

/** What browsers do to a tab that is not seen: its timers come once a second. */
function holdTimersBack(): void {
  const { setTimeout } = globalThis
  globalThis.setTimeout = ((callback: () => void, delayMs = 0) => {
    return setTimeout(callback, Math.max(1000, delayMs))
  }) as typeof globalThis.setTimeout
}

describe('a page and a Node script', () => {
  let tab: Tab
  beforeAll(async () => {
    tab = await openServingTab()
  })
  afterAll(() => tab.page.close())

  test('the script opens a stream to the page', async () => {
    expect(await script.transfer(tab.key, PORT, 2 * MEBIBYTE)).toEqual({ isSame: true, from: tab.key })
  })

  test('the page opens a stream to the script', async () => {
    const size = 2 * MEBIBYTE
    const echo = tab.person.evaluate((person, args) => person.transfer(...args), [script.key, PORT, size] as const)
    expect(await echo).toEqual({ isSame: true, from: script.key })
  })

  test('datagrams go both ways', async () => {
    expect(await script.datagram(tab.key, PORT, 'to the page')).toBe(`to the page from ${tab.key}`)
    const args = [script.key, PORT, 'to the script'] as const
    const echo = tab.person.evaluate((person, given) => person.datagram(...given), args)
    expect(await echo).toBe(`to the script from ${script.key}`)
  })

  test('raw packets of all sizes go both ways', async () => {
    for (const size of [1, 1280, 65_535]) {
      expect(await script.packet(tab.key, size)).toBe(tab.key)
      const from = tab.person.evaluate((person, args) => person.packet(...args), [script.key, size] as const)
      expect(await from).toBe(script.key)
    }
  })
})

test('pages reach each other through the script', async () => {
  const [ann, ben] = await Promise.all([openServingTab(), openServingTab()])
  for (const [from, to] of [
    [ann, ben],
    [ben, ann],
  ] as const) {
    const [echo, answer, sender] = await from.person.evaluate(
      async (person, [key, port, size]) => [
        await person.transfer(key, port, size),
        await person.datagram(key, port, 'from page to page'),
        await person.packet(key, 1000),
      ],
      [to.key, PORT, MEBIBYTE / 2] as const,
    )
    expect(echo).toEqual({ isSame: true, from: to.key })
    expect(answer).toBe(`from page to page from ${to.key}`)
    expect(sender).toBe(to.key)
  }
  await Promise.all([ann.page.close(), ben.page.close()])
})

test('in a tab that is not seen messages keep streams going', async () => {
  const tab = await openServingTab(undefined, { prelude: holdTimersBack })
  expect(await script.transfer(tab.key, PORT, 2 * MEBIBYTE)).toEqual({ isSame: true, from: tab.key })
  await tab.page.close()
})

test('a link that breaks is dialled again, and a stream lives on', async () => {
  const target = script.listenAddresses[0]?.replace('ws:', 'tcp:') ?? ''
  const wire = await createFaultyProxy({ listen: 'tcp://127.0.0.1:0', target })
  const tab = await openServingTab(wire.address.replace('tcp:', 'ws:'))
  const say = (words: string) => tab.person.evaluate((person, said) => person.say(0, said), words)
  await tab.person.evaluate((person, args) => person.open(...args), [script.key, PORT] as const)
  expect(await say('before')).toBe('before')

  wire.cut()
  await expect.poll(() => eventsOf(tab)).toContainEqual(expect.stringMatching(/^retry /))
  // Said while there is no link; the page dials again by itself.
  expect(await say('meanwhile')).toBe('meanwhile')
  expect(await eventsOf(tab)).toEqual([
    `up out ${script.key}`,
    `down link ${script.key}`,
    expect.stringMatching(/^retry link: /),
    `up out ${script.key}`,
  ])
  expect(await script.transfer(tab.key, PORT, 1000)).toEqual({ isSame: true, from: tab.key })

  await tab.page.close()
  await wire.close()
})

test('a page loaded over https dials wss, and is told that it cannot dial ws', async () => {
  const [pageFront, nodeFront] = await Promise.all(
    [server.origin, script.listenAddresses[2] ?? ''].map((address) => tlsFront(Number(new URL(address).port))),
  )
  const origin = `https://127.0.0.1:${pageFront?.port}`
  const tab = await openServingTab(`wss://127.0.0.1:${nodeFront?.port}`, { origin })
  expect(await script.transfer(tab.key, PORT, MEBIBYTE)).toEqual({ isSame: true, from: tab.key })
  await tab.page.close()

  const other = await openTab({ peers: ['ws://192.0.2.1:80'] }, { origin })
  await expect.poll(async () => (await eventsOf(other))[0]).toMatch(/^retry unsupported: .* can dial wss:.* only$/)
  await other.page.close()
  await Promise.all([pageFront?.close(), nodeFront?.close()])
})

test('a page of another origin is not let in, and is told what to look at', async () => {
  const tab = await openTab({ peers: [script.listenAddresses[1] ?? ''] })
  const told = /^retry unreachable: dial ws:.* that the listener lets this page in \(origin=\)$/
  await expect.poll(async () => (await eventsOf(tab))[0]).toMatch(told)
  await tab.page.close()
})

test('a page that ends its node leaves in order; one that is closed is missed', async () => {
  const tab = await openServingTab()
  const talk = await script.open(tab.key, PORT)
  expect(await script.say(talk, 'still there?')).toBe('still there?')
  await tab.person.evaluate((person) => person.close())
  expect(await script.ended(talk)).toBe('in order')
  await expect.poll(() => script.events).toContain(`down in order ${tab.key}`)
  await tab.page.close()

  const other = await openServingTab()
  await expect.poll(() => script.events).toContain(`up in ${other.key}`)
  await other.page.close()
  await expect.poll(() => script.events).toContainEqual(expect.stringMatching(`^down .* ${other.key}$`))
})

function eventsOf({ person }: Tab): Promise<string[]> {
  return person.evaluate(({ events }) => events)
}

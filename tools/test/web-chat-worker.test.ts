// The service worker of the page as a program of its own, with a network that fails as it is told to.
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { runInNewContext } from 'node:vm'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { serviceWorker } from '../../examples/web-chat/src/build/service-worker.js'
import { root } from '../lib/process.mjs'

const EXAMPLE = path.join(root, 'examples/web-chat')
const ORIGIN = 'https://chat.example'

type Network = (url: string, options?: { signal?: AbortSignal }) => Promise<Response>

/** One service worker after the other of one browser, whose caches stay. */
class Browser {
  readonly caches = new Map<string, Map<string, Response>>()
  network: Network = async (url) => new Response(`new ${url}`)
  #handlers = new Map<string, (event: object) => void>()

  /** Load the one of a release, and wait until it is at work. Rejects when it cannot be installed. */
  async install(...assets: string[]): Promise<void> {
    const handlers = new Map<string, (event: object) => void>()
    const self = {
      location: { origin: ORIGIN },
      addEventListener: (type: string, handler: (event: object) => void) => handlers.set(type, handler),
      skipWaiting: async () => {},
      clients: { claim: async () => {} },
    }
    const fetch = (request: string | { url: string }, options?: { signal?: AbortSignal }): Promise<Response> =>
      this.network(urlOf(request), options)
    const Request = class {
      constructor(readonly url: string) {}
    }
    runInNewContext(serviceWorker(EXAMPLE, assets), {
      self,
      caches: this.#cacheStorage(),
      fetch,
      Request,
      URL,
      AbortController,
      setTimeout,
      clearTimeout,
    })
    for (const type of ['install', 'activate'])
      await new Promise((resolve, reject) => {
        handlers.get(type)?.({ waitUntil: (work: Promise<unknown>) => work.then(resolve, reject) })
      })
    this.#handlers = handlers
  }

  async get(url: string, mode = 'no-cors'): Promise<string> {
    const answer = await new Promise<Response>((resolve, reject) => {
      const respondWith = (response: Promise<Response>): void => void response.then(resolve, reject)
      this.#handlers.get('fetch')?.({ request: { method: 'GET', url: ORIGIN + url, mode }, respondWith })
    })
    return answer.clone().text()
  }

  #cacheStorage(): object {
    return {
      keys: async () => [...this.caches.keys()],
      delete: async (name: string) => this.caches.delete(name),
      open: async (name: string) => {
        const cache = this.caches.get(name) ?? new Map<string, Response>()
        this.caches.set(name, cache)
        return {
          match: async (request: string | { url: string }) => cache.get(urlOf(request)),
          addAll: async (requests: (string | { url: string })[]) => {
            const urls = requests.map(urlOf)
            const answers = await Promise.all(urls.map((url) => this.network(url)))
            for (const [at, url] of urls.entries()) cache.set(url, answers[at] as Response)
          },
        }
      },
    }
  }
}

function urlOf(request: string | { url: string }): string {
  return (typeof request === 'string' ? request : request.url).replace(ORIGIN, '')
}

let browser: Browser

beforeEach(async () => {
  vi.useFakeTimers()
  browser = new Browser()
  browser.network = async (url) => new Response(`old ${url}`)
  await browser.install('/assets/a.js')
})
afterEach(() => {
  vi.useRealTimers()
})

test('a page that was opened once opens without a network, whatever stands behind the address', async () => {
  browser.network = () => Promise.reject(new TypeError('no network'))
  expect(await browser.get('/?me=2', 'navigate')).toBe('old /')
  expect(await browser.get('/assets/a.js')).toBe('old /assets/a.js')
  await expect(browser.get('/config.json')).rejects.toThrow('no network')
})

test('the page of today comes first; the one that is kept, where the server is broken or does not begin in time', async () => {
  browser.network = async () => new Response('new')
  expect(await browser.get('/', 'navigate')).toBe('new')
  browser.network = async () => new Response('bad gateway', { status: 502 })
  expect(await browser.get('/', 'navigate')).toBe('old /')
  browser.network = (_url, { signal } = {}) =>
    new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason)))
  const page = browser.get('/', 'navigate')
  await vi.advanceTimersByTimeAsync(3_000)
  expect(await page).toBe('old /')
})

test('what was begun in time may take as long as it takes, and what is not kept may begin when it likes', async () => {
  const signals: (AbortSignal | undefined)[] = []
  browser.network = async (_url, { signal } = {}) => {
    signals.push(signal)
    return new Response('new')
  }
  expect(await browser.get('/', 'navigate')).toBe('new')
  expect(await browser.get('/assets/b.js')).toBe('new')
  await vi.advanceTimersByTimeAsync(60_000)
  expect(signals.map((signal) => signal?.aborted ?? 'without')).toEqual([false, 'without'])
})

test('a release is kept as a whole: the one before stays until all of the next is there, and goes then', async () => {
  browser.network = async (url) => {
    if (url === '/assets/b.js') throw new TypeError('no network')
    return new Response(`new ${url}`)
  }
  await expect(browser.install('/assets/b.js')).rejects.toThrow('no network')
  browser.network = () => Promise.reject(new TypeError('no network'))
  expect(await browser.get('/', 'navigate')).toBe('old /')
  expect(await browser.get('/assets/a.js')).toBe('old /assets/a.js')

  browser.network = async (url) => new Response(`new ${url}`)
  await browser.install('/assets/b.js')
  expect(browser.caches.size).toBe(1)
  browser.network = () => Promise.reject(new TypeError('no network'))
  expect(await browser.get('/', 'navigate')).toBe('new /')
  expect(await browser.get('/assets/b.js')).toBe('new /assets/b.js')
})

test('every release has another worker, whatever has changed', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'mimir-web-release-'))
  try {
    for (const name of ['index.html', 'public', 'src/page/sw.js'])
      cpSync(path.join(EXAMPLE, name), path.join(folder, name), { recursive: true })
    const workers = [serviceWorker(folder, ['/assets/a.js'])]
    expect(serviceWorker(folder, ['/assets/a.js'])).toBe(workers[0])
    workers.push(serviceWorker(folder, ['/assets/b.js']))
    workers.push(serviceWorker(folder, ['/assets/a.js'], { 'Content-Security-Policy': "default-src 'none'" }))
    for (const name of ['index.html', 'public/icon.svg']) {
      writeFileSync(path.join(folder, name), 'another')
      workers.push(serviceWorker(folder, ['/assets/a.js']))
    }
    expect(new Set(workers).size).toBe(5)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

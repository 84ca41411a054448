import { createSigner, generateSeed } from '@mimirjs/crypto'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { OverlayNode } from '../../src/overlay.js'
import { lockName } from '../../src/platform/browser/lock.js'
import { DEFAULT_GENERATION, openParts } from '../../src/platform/browser/parts.js'
import type { PlatformParts } from '../../src/platform/types.js'
import { createMemoryStore } from '../../src/store-memory.js'
import type { MessengerOptions } from '../../src/types.js'
import { newName } from './support/browser.js'

const opened: PlatformParts[] = []
afterEach(async () => {
  for (const parts of opened.splice(0)) await close(parts)
})

async function open(name: string, options: MessengerOptions = {}): Promise<PlatformParts> {
  const parts = await openParts(name, options)
  opened.push(parts)
  return parts
}

async function close(parts: PlatformParts): Promise<void> {
  await parts.store.close()
  await parts.release?.()
}

describe('what a messenger stands on in a browser', () => {
  test('is there again when it is opened again', async () => {
    const name = newName()
    const first = await open(name)
    await first.store.setSetting('a', 'kept')
    const file = await first.disk.open('/file', 'create')
    await file.write(new Uint8Array(5), 0, 5, 0)
    await file.close()
    await close(first)
    const next = await open(name)
    expect(next.signer.publicKey).toEqual(first.signer.publicKey)
    expect(await next.store.setting('a')).toBe('kept')
    expect((await next.disk.find('/file'))?.size).toBe(5)
  })

  test('is the current generation over WebSockets', async () => {
    const parts = await open(newName())
    expect(DEFAULT_GENERATION).toBe('current')
    expect(parts.transports.schemes).toEqual(['ws', 'wss'])
    expect(parts.hostAddresses()).toEqual([])
    await expect(parts.datagrams.open('udp://0.0.0.0:0')).rejects.toMatchObject({
      name: 'TransportError',
      code: 'unknown-scheme',
      message: expect.stringContaining('a browser has no UDP'),
    })
  })

  test('is what was given', async () => {
    const signer = createSigner(generateSeed())
    const store = createMemoryStore()
    const streams = { scheme: 'ygg' }
    const overlay = { streams } as OverlayNode
    const parts = await open(newName(), { signer, store, overlay })
    expect(parts.signer).toBe(signer)
    expect(parts.store).toBe(store)
    expect(parts.overlay).toBe(overlay)
    expect(parts.transports.schemes).toEqual(['ws', 'wss', 'ygg'])
  })

  test('is asked to be kept', async () => {
    const persist = vi.spyOn(navigator.storage, 'persist').mockRejectedValue(new Error('no'))
    await open(newName())
    expect(persist).toHaveBeenCalledTimes(1)
    persist.mockRestore()
  })

  test.each([
    ['overlay', { overlay: { peers: ['tls://[::1]:1'] } }],
    ['multicast', { multicast: true }],
    ['multicast', { multicast: {} }],
  ] as const)('is refused with an option that it cannot have: %s', async (code, options) => {
    const name = newName()
    await expect(openParts(name, options)).rejects.toMatchObject({ name: 'MessengerError', code })
    await open(name)
  })
})

describe('its name', () => {
  test.each(['alice', 'web-chat-1', 'Ünal', 'a.b_c', 'files', 'x'.repeat(64)])('may be %s', async (name) => {
    await open(newName(name))
  })

  test.each(['', ' ', './alice', '/alice', 'a/b', '-a', 'a b', 'alice-files', 'alice-identity', 'x'.repeat(65)])(
    'is refused as %j',
    async (name) => {
      await expect(openParts(name, {})).rejects.toMatchObject({ name: 'MessengerError', code: 'store' })
    },
  )
})

describe('a second page', () => {
  test('with the same name is told so, and one with another is not', async () => {
    const name = newName()
    const release = await lockName(name)
    await expect(lockName(name, navigator.locks, 50)).rejects.toMatchObject({ code: 'in-use' })
    ;(await lockName(newName(), navigator.locks, 50))()
    release()
    ;(await lockName(name, navigator.locks, 50))()
  })

  test('waits for one that is just going', async () => {
    const name = newName()
    const parts = await open(name)
    const next = open(name)
    await close(parts)
    await next
  })

  test('whose key cannot be opened holds up nobody', async () => {
    const name = newName()
    vi.stubGlobal('crypto', { getRandomValues: crypto.getRandomValues.bind(crypto) })
    await expect(openParts(name, {})).rejects.toMatchObject({ code: 'passphrase' })
    vi.unstubAllGlobals()
    await open(name)
  })

  test('is not noticed where there are no locks', async () => {
    const name = newName()
    const release = await lockName(name)
    const locks = vi.spyOn(navigator, 'locks', 'get').mockReturnValue(undefined as unknown as LockManager)
    ;(await lockName(name))()
    locks.mockRestore()
    release()
  })
})

import { describe, expect, test } from 'vitest'
import { Transports } from '../src/index.js'
import { createMemoryNetwork } from '../src/memory.js'
import { tcp } from '../src/tcp.js'

describe('Transports', () => {
  const memory = createMemoryNetwork().streams
  const transports = new Transports([tcp(), memory])

  test('knows its schemes', () => {
    expect(transports.schemes).toEqual(['tcp', 'memory'])
    expect(transports.has('tcp')).toBe(true)
    expect(transports.has('ygg')).toBe(false)
  })

  test('finds the transport of an address', async () => {
    const arrival = new Promise<string>((resolve) => {
      transports
        .listen('memory://here', {
          onStream: (stream) => {
            resolve(stream.remoteAddress)
            stream.abort()
          },
        })
        .then((listener) => transports.dial(listener.address))
        .then(
          (stream) => stream.abort(),
          () => {},
        )
    })
    expect(await arrival).toMatch(/^memory:\/\//)
  })

  test('says which schemes there are', async () => {
    await expect(transports.dial('ygg://aa:1')).rejects.toMatchObject({
      name: 'TransportError',
      code: 'unknown-scheme',
      message: 'no transport for ygg://, registered are: tcp://, memory://',
    })
    await expect(new Transports([]).dial('tcp://a:1')).rejects.toMatchObject({ code: 'unknown-scheme' })
    await expect(transports.listen('nonsense', { onStream: () => {} })).rejects.toMatchObject({ code: 'bad-address' })
  })

  test('refuses two of one scheme', () => {
    expect(() => new Transports([tcp(), tcp()])).toThrow(expect.objectContaining({ code: 'misuse' }))
  })
})

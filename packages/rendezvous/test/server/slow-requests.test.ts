// In a file of its own: it takes ten seconds, in which others can be run.
import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { RendezvousServer } from '../../src/server.js'

test('who has not asked for a WebSocket after ten seconds is cut', { timeout: 40_000 }, async () => {
  const server = await RendezvousServer.open({ listen: 'ws://127.0.0.1:0' })
  const beganMs = performance.now()
  const ends = ['', 'GET / HTTP/1.1\r\nHost: x'].map(async (said) => {
    const socket = connect(Number(new URL(server.address).port), '127.0.0.1').on('error', () => {})
    socket.write(said)
    await once(socket.resume(), 'close')
  })
  await Promise.all(ends)
  expect(performance.now() - beganMs).toBeLessThan(15_000)
  await server.close()
})

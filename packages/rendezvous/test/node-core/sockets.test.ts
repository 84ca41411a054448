import { expect, test } from 'vitest'
import { Sockets } from '../../src/node-core/sockets.js'
import type { RendezvousPlatform, WebSocketLike } from '../../src/rtc/types.js'

/** A socket that keeps what it is given. */
class Stuck implements WebSocketLike {
  readonly protocol: string = 'rendezvous.1'
  onopen: (() => void) | null = null
  onmessage: ((event: { readonly data: unknown }) => void) | null = null
  onerror: (() => void) | null = null
  onclose: ((event: { readonly code: number }) => void) | null = null
  bufferedAmount = 0
  closedWith: number | undefined

  send(text: string): void {
    this.bufferedAmount += text.length
  }

  close(code?: number): void {
    this.closedWith = code
  }
}

test('a server that asks and never reads the answers is left, and costs no more than a mebibyte', async () => {
  const socket = new Stuck()
  const told: unknown[] = []
  const sockets = new Sockets({ webSocket: () => socket } as Partial<RendezvousPlatform> as RendezvousPlatform, {
    opened() {},
    text() {},
    binary() {},
    unsupported() {},
    closed: (number, code) => told.push([number, code]),
  })
  sockets.open(1, 'wss://rdv.example')
  const frame = 'x'.repeat(16_384)
  for (let at = 0; at < 1_000; at++) sockets.send(1, frame)
  expect(socket.bufferedAmount).toBe(1_048_576 + 16_384)
  expect([socket.closedWith, told]).toEqual([4429, []])
  await Promise.resolve()
  expect(told).toEqual([[1, 4429]])
})

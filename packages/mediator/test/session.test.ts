import { encodeMediatorInit, encodeMediatorRequest, type MediatorRequestFrame } from '@mimirjs/wire/mediator'
import { expect, test } from 'vitest'
import { DEFAULT_LIMITS } from '../src/limits.js'
import { Session } from '../src/session.js'
import { randomOf } from './support/random.js'
import { DIALECTS } from './support/server.js'

const NOW_MS = 1_000_000

function read(session: Session, chunks: readonly Uint8Array[]): MediatorRequestFrame[] {
  const frames: MediatorRequestFrame[] = []
  for (const chunk of chunks) {
    session.receive(chunk)
    for (let frame = session.next(NOW_MS); frame !== undefined; frame = session.next(NOW_MS)) frames.push(frame)
  }
  return frames
}

test('requests are the same however the stream is cut, and whether or not the session rests in between', () => {
  const random = randomOf(11)
  for (const dialect of DIALECTS) {
    const expected = Array.from({ length: 20 }, (_, at) => ({
      command: at,
      requestId: 1_000 + at,
      payload: new Uint8Array(Math.floor(random() * 600)).fill(at),
    }))
    const bytes = Buffer.concat([
      encodeMediatorInit(dialect),
      ...expected.map((frame) => encodeMediatorRequest(dialect, frame)),
    ])
    for (let round = 0; round < 30; round++) {
      const session = new Session(DEFAULT_LIMITS, dialect === 'tlv' ? 'tlv' : 'tlv-push', NOW_MS)
      const chunks: Uint8Array[] = []
      for (let at = 0; at < bytes.length; ) {
        const end = round === 0 ? at + 1 : at + 1 + Math.floor(random() * 900)
        chunks.push(bytes.subarray(at, end))
        at = end
      }
      const frames: MediatorRequestFrame[] = []
      for (const chunk of chunks) {
        frames.push(...read(session, [chunk]))
        session.rest()
      }
      expect(frames.map((frame) => ({ ...frame, payload: [...frame.payload] }))).toEqual(
        expected.map((frame) => ({ ...frame, payload: [...frame.payload] })),
      )
      expect(session.dialect).toBe(dialect)
      expect(session.bufferedBytes).toBe(0)
    }
  }
})

test('any bytes give requests or a fault, and a fault is final', () => {
  const random = randomOf(12)
  for (let round = 0; round < 3_000; round++) {
    const session = new Session(DEFAULT_LIMITS, 'tlv-push', NOW_MS)
    const opening = round % 2 === 0 ? [0x00] : [0x01, 0x00]
    const noise = Array.from({ length: Math.floor(random() * 40) }, () => Math.floor(random() * 256))
    read(session, [Uint8Array.from(round % 5 === 0 ? noise : [...opening, ...noise])])
    const { fault } = session
    read(session, [encodeMediatorInit('tlv'), Uint8Array.from([1, 3, 0, 1, 0, 0, 0, 0])])
    if (fault !== undefined) {
      expect(session.fault).toBe(fault)
      expect(session.next(NOW_MS)).toBeUndefined()
    }
  }
})

test('deadlines: to the millisecond, and none for who waits for us', () => {
  const { openingMs, loginMs, frameMs, idleMs } = DEFAULT_LIMITS
  const session = new Session(DEFAULT_LIMITS, 'tlv', NOW_MS)
  expect(session.late(NOW_MS + openingMs - 1, false)).toBeUndefined()
  expect(session.late(NOW_MS + openingMs, false)).toBe('opening')
  session.receive(encodeMediatorInit('tlv'))
  expect(session.late(NOW_MS + loginMs - 1, false)).toBeUndefined()
  expect(session.late(NOW_MS + loginMs, true)).toBe('login')
  session.loggedIn()
  expect(session.late(NOW_MS + idleMs - 1, false)).toBeUndefined()
  expect(session.late(NOW_MS + idleMs, false)).toBe('idle')
  expect(session.late(NOW_MS + idleMs, true)).toBeUndefined()
  session.touch(NOW_MS + 5)
  expect(session.late(NOW_MS + idleMs + 4, false)).toBeUndefined()
  // A header that is not whole is no frame yet; one that is starts its clock.
  session.receive(Uint8Array.of(0x30, 0, 1, 0, 0))
  session.next(NOW_MS + 10)
  expect(session.late(NOW_MS + 10 + frameMs, false)).toBeUndefined()
  session.receive(Uint8Array.of(0, 2))
  session.next(NOW_MS + 20)
  expect(session.late(NOW_MS + 20 + frameMs - 1, false)).toBeUndefined()
  expect(session.late(NOW_MS + 20 + frameMs, false)).toBe('frame')
  session.receive(Uint8Array.of(1, 2))
  expect(session.next(NOW_MS + 30)?.payload).toEqual(Uint8Array.of(1, 2))
  expect(session.late(NOW_MS + 30 + frameMs, false)).toBeUndefined()
})

import { fromHex, toHex } from '@mimirjs/wire'
import { decodeFrame, encodeFrame, splitAttachment } from '@mimirjs/wire/peer'
import { describe, expect, test } from 'vitest'
import type { Role } from '../src/types.js'
import { Machine } from './support/machine.js'
import {
  c1,
  c2,
  handshakeFrames,
  machineIn,
  type RecordedSession,
  type StateVector,
  sessions,
  stateVectors,
} from './support/vectors.js'

const ROLES: readonly Role[] = ['initiator', 'acceptor']

describe('recorded sessions', () => {
  for (const recorded of sessions) {
    for (const role of ROLES) {
      test(`${recorded.name} as ${role}: every byte and every state`, () => play(recorded, role))
    }
  }
})

/** Play one side of a recording: what the other side wrote goes in, what we write must be what was recorded. */
async function play({ generation, startsReady, frames }: RecordedSession, role: Role): Promise<void> {
  const machine = startsReady === true ? await machineIn(role, 'ready', { generation }) : fresh(role, generation)
  const { session } = machine
  let written = ''
  let expected = ''
  for (const frame of frames) {
    const own = frame.from === role
    if (own) {
      expected += frame.hex
      actFor(machine, frame.hex)
      written += toHex(await machine.output())
      expect(written.startsWith(expected), `${frame.type}: ${written} begins with ${expected}`).toBe(true)
    }
    // What the handshake makes us write at once is ahead of the recording, and so is our state then.
    if (written === expected) {
      const [state, call] = (role === 'initiator' ? frame.initiatorState : frame.acceptorState).split('/')
      expect(session.state, `after ${frame.type}`).toBe(state)
      if (own && call !== undefined) expect(session.callState, `after ${frame.type}`).toBe(call)
    }
    if (own) continue
    machine.receive(fromHex(frame.hex))
    written += toHex(await machine.output())
  }
  expect(written).toBe(expected)
  expect(session.state).toBe('ready')
  expect(machine.of('closed')).toEqual([])
}

function fresh(role: Role, generation: 'classic' | 'overlay'): Machine {
  const machine = new Machine({ role, generation, challenge: role === 'initiator' ? c2 : c1 })
  return machine.start()
}

/** Do what an application, or the clock, has to do for this frame to be written; the handshake runs by itself. */
function actFor(machine: Machine, hex: string): void {
  const { session } = machine
  const frame = decodeFrame(fromHex(hex))
  switch (frame.type) {
    case 'text':
      session.send(frame, machine.nowMs)
      break
    case 'ok':
      if (frame.id !== 0n) session.acknowledge(frame.id)
      break
    case 'infoRequest':
      session.requestInfo(frame.timeSeconds)
      break
    case 'infoResponse':
      session.sendInfo(frame)
      break
    case 'ping':
      machine.advance(session.nextDeadlineMs! - machine.nowMs)
      break
    case 'callOffer':
    case 'callAnswer':
    case 'callPacket':
      session.sendCall(frame, machine.nowMs)
      break
    case 'callHang':
      session.sendCall({ type: 'callHang' }, machine.nowMs)
      break
    default:
      break
  }
}

describe('the recorded handshake, cut anyhow', () => {
  test.each(ROLES)('%s: one byte at a time', async (role) => {
    const machine = fresh(role, 'classic')
    for (const frame of handshakeFrames) {
      if (frame.from === role) continue
      for (const byte of fromHex(frame.hex)) machine.receive(Uint8Array.of(byte))
    }
    const own = handshakeFrames.filter((frame) => frame.from === role)
    expect(toHex(await machine.output())).toBe(own.map((frame) => frame.hex).join(''))
    expect(machine.session.state).toBe('ready')
  })

  test.each(ROLES)('%s: the stream ends at every offset', (role) => {
    const theirs = handshakeFrames.filter((frame) => frame.from !== role)
    const bytes = fromHex(theirs.map((frame) => frame.hex).join(''))
    const borders = new Set<number>([0])
    for (const frame of theirs) borders.add([...borders].at(-1)! + frame.hex.length / 2)
    for (let length = 0; length < bytes.length; length++) {
      const machine = fresh(role, 'classic')
      machine.receive(bytes.slice(0, length))
      machine.session.endOfStream()
      expect(machine.closedWith, `after ${length} bytes`).toBe(borders.has(length) ? 'ended' : 'truncated')
      expect(machine.of('ready')).toEqual([])
      expect(machine.context.issued.size).toBe(0)
    }
  })
})

describe('frames in a given state', () => {
  for (const vector of stateVectors) {
    for (const role of vector.role === 'any' ? ROLES : [vector.role]) {
      test(`${vector.name} as ${role}: ${vector.error ?? vector.action}`, () => meet(vector, role))
    }
  }
})

async function meet(vector: StateVector, role: Role): Promise<void> {
  const { state, call, strict = false, action } = vector
  const generation = vector.generation ?? (call === undefined ? 'classic' : 'overlay')
  const machine = await machineIn(role, state, { generation, challenges: { strict } })
  if (call === 'inCall') {
    machine.session.sendCall({ type: 'callOffer', mimeType: 'a', sampleRate: 1, channelCount: 1 }, machine.nowMs)
    machine.receive(encodeFrame({ type: 'callAnswer', accepted: true, error: '' }, generation))
    await machine.output()
  }
  machine.receive(fromHex(vector.hex))
  if (vector.endOfStream === true) machine.session.endOfStream()
  const written = await machine.output()
  expect(written, 'nothing is written').toHaveLength(0)
  if (action === 'close') {
    expect(machine.events.at(-1)).toEqual({ type: 'closed', code: vector.error })
    return
  }
  expect(machine.of('closed')).toEqual([])
  const messages = machine.of('message')
  expect(messages).toHaveLength(action === 'ignore' ? 0 : 1)
  expect(machine.of('call')).toEqual([])
  if (action !== 'acknowledge-and-drop') return
  // The session hands it on: what is in an attachment concerns the application, which acknowledges it all the same.
  const { guid, payload } = messages[0]!
  expect(() => splitAttachment(payload)).toThrow(expect.objectContaining({ code: 'attachment' }))
  machine.session.acknowledge(guid)
  expect(await machine.frames()).toEqual([{ type: 'ok', id: guid }])
}

import { fromHex, toHex } from '@mimirjs/wire'
import { decodeFrame, splitAttachment } from '@mimirjs/wire/peer'
import { describe, expect, test } from 'vitest'
import type { Role } from '../src/types.js'
import { Machine } from './support/machine.js'
import {
  c1,
  c2,
  codeName,
  machineIn,
  negatives,
  stateName,
  type Transcript,
  transcript,
  transcripts,
} from './support/vectors.js'

const ROLES: readonly Role[] = ['initiator', 'acceptor']
const generationOf = (name: string) => (name === 'session_classic' ? 'classic' : 'overlay')

describe('recorded sessions', () => {
  for (const recorded of transcripts) {
    for (const role of ROLES) {
      test(`${recorded.name} as ${role}: every byte and every state`, () => play(recorded, role))
    }
  }
})

/** Play one side of a recording: what the other side wrote goes in, what we write must be what was recorded. */
async function play(recorded: Transcript, role: Role): Promise<void> {
  const generation = generationOf(recorded.name)
  const machine =
    recorded.name === 'session_call' ? await machineIn(role, 'ready', { generation }) : fresh(role, generation)
  let written = ''
  let expected = ''
  for (const frame of recorded.frames) {
    if (frame.from === role) {
      expected += frame.hex
      actFor(machine, frame.hex)
      written += toHex(await machine.output())
      expect(written.startsWith(expected), `${frame.frame}: ${written} begins with ${expected}`).toBe(true)
    }
    const { session } = machine
    const noted = role === 'initiator' ? frame.initiatorStateAfter : frame.acceptorStateAfter
    if (written === expected) {
      expect(session.state, `after ${frame.frame}`).toBe(stateName(noted))
      const call = noted.split('/')[1]
      if (call !== undefined && frame.from === role) expect(session.callState.toLowerCase()).toBe(call.toLowerCase())
    }
    if (frame.from !== role) {
      machine.receive(fromHex(frame.hex))
      written += toHex(await machine.output())
    }
  }
  expect(written).toBe(expected)
  expect(machine.session.state).toBe('ready')
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
    for (const frame of transcript('handshake_minimal').frames) {
      if (frame.from === role) continue
      for (const byte of fromHex(frame.hex)) machine.receive(Uint8Array.of(byte))
    }
    const own = transcript('handshake_minimal').frames.filter((frame) => frame.from === role)
    expect(toHex(await machine.output())).toBe(own.map((frame) => frame.hex).join(''))
    expect(machine.session.state).toBe('ready')
  })

  test.each(ROLES)('%s: the stream ends at every offset', (role) => {
    const theirs = transcript('handshake_minimal').frames.filter((frame) => frame.from !== role)
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

describe('negative vectors', () => {
  for (const vector of negatives) {
    const { role, state, eof, call, strict } = vector.input
    for (const tested of role === 'any' ? ROLES : [role]) {
      test(`${vector.name} as ${tested}`, async () => {
        const generation = vector.input.profile ?? (call === undefined ? 'classic' : 'overlay')
        const challenges = strict === true ? { strict } : {}
        const machine = await machineIn(tested, stateName(state), { generation, challenges })
        if (call === 'InCall') {
          machine.session.sendCall({ type: 'callOffer', mimeType: 'a', sampleRate: 1, channelCount: 1 }, machine.nowMs)
          machine.receive(fromHex('00000000000007d100000000000000050100000000'))
          await machine.output()
        }
        machine.receive(fromHex(vector.hex))
        if (eof === true) machine.session.endOfStream()
        const output = await machine.output()
        switch (vector.expect.error) {
          case null:
          case 'ATTACHMENT_HASH':
            expect(machine.of('closed')).toEqual([])
            expect(machine.of('message')).toHaveLength(vector.name.includes('attachment') ? 1 : 0)
            expect(machine.of('call')).toHaveLength(0)
            break
          case 'ATTACHMENT': {
            // The session hands it on; what is in it concerns the application, which acknowledges it all the same.
            const [event] = machine.of('message')
            expect(() => splitAttachment(event!.payload)).toThrow(expect.objectContaining({ code: 'attachment' }))
            machine.session.acknowledge(event!.guid)
            expect(await machine.frames()).toEqual([{ type: 'ok', id: event!.guid }])
            expect(machine.of('closed')).toEqual([])
            break
          }
          default:
            expect(machine.closedWith).toBe(codeName(vector.expect.error))
            expect(output, 'nothing is written any more').toHaveLength(0)
            expect(machine.of('closed')).toHaveLength(1)
        }
      })
    }
  }
})

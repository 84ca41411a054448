import { readFileSync } from 'node:fs'
import { fromHex } from '@mimirjs/wire'
import type { CallState } from '../../src/call-table.js'
import type { SessionState } from '../../src/session-table.js'
import type { Role } from '../../src/types.js'
import { Machine, type MachineOptions } from './machine.js'

// The published vectors: vectors/sequences and vectors/crypto, with their schemas beside them.

type Generation = 'classic' | 'overlay'
type NotedState = SessionState | `ready/${CallState}`

export interface RecordedSession {
  readonly name: string
  readonly generation: Generation
  /** Both sides are READY when it begins. */
  readonly startsReady?: true
  readonly frames: readonly {
    readonly from: Role
    readonly type: string
    readonly hex: string
    readonly initiatorState: NotedState
    readonly acceptorState: NotedState
  }[]
}

/** Bytes that arrive in a state, and what is to be done. */
export interface StateVector {
  readonly name: string
  readonly hex: string
  readonly role: Role | 'any'
  readonly state: SessionState
  readonly generation?: Generation
  readonly endOfStream?: true
  readonly call?: CallState
  readonly strict?: true
  readonly action: 'close' | 'ignore' | 'deliver' | 'deliver-damaged' | 'acknowledge-and-drop'
  readonly error?: string
}

export interface BoundChallenge {
  readonly name: string
  readonly role: 2 | 4
  readonly random: string
  readonly verifierKey: string
  readonly signerKey: string
  readonly verifierAddress: string
  readonly signerAddress: string
  readonly challenge: string
}

function load<T>(file: string): readonly T[] {
  const url = new URL(`../../../../vectors/${file}`, import.meta.url)
  return JSON.parse(readFileSync(url, 'utf8')) as readonly T[]
}

export const sessions: readonly RecordedSession[] = load('sequences/sessions.json')
export const stateVectors: readonly StateVector[] = load('sequences/states.json')
export const boundChallenges: readonly BoundChallenge[] = load('crypto/bound-challenges.json')

/** The seven frames, as recorded. */
export const handshakeFrames: RecordedSession['frames'] = sessions.find(
  ({ name }) => name === 'handshake-minimal',
)!.frames

/** The challenges of the vectors: what the acceptor and the initiator issue. */
export const c1: Uint8Array = Uint8Array.from({ length: 32 }, (_, at) => 0x10 + at)
export const c2: Uint8Array = Uint8Array.from({ length: 32 }, (_, at) => 0x60 + at)

/** A machine that the recorded handshake has brought into this state. */
export async function machineIn(
  role: Role,
  state: SessionState,
  options: Partial<MachineOptions> = {},
): Promise<Machine> {
  const machine = new Machine({ challenge: role === 'initiator' ? c2 : c1, ...options, role }).start()
  for (const frame of handshakeFrames) {
    if (machine.session.state === state) break
    if (frame.from !== role) machine.receive(fromHex(frame.hex))
  }
  if (machine.session.state !== state) throw new Error(`${role} did not come to ${state}`)
  await machine.output()
  return machine
}

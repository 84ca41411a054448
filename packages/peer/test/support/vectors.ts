import { readFileSync } from 'node:fs'
import { fromHex } from '@mimirjs/wire'
import type { SessionState } from '../../src/session-table.js'
import type { Role } from '../../src/types.js'
import { Machine, type MachineOptions } from './machine.js'

interface TranscriptFrame {
  readonly from: Role
  readonly frame: string
  readonly hex: string
  readonly initiatorStateAfter: string
  readonly acceptorStateAfter: string
}

export interface Transcript {
  readonly kind: 'transcript'
  readonly name: string
  readonly frames: readonly TranscriptFrame[]
}

export interface Negative {
  readonly kind: 'negative'
  readonly name: string
  readonly hex: string
  readonly input: {
    readonly role: Role | 'any'
    readonly state: string
    readonly eof?: boolean
    readonly call?: 'Idle' | 'InCall'
    readonly strict?: boolean
    readonly profile?: 'overlay'
  }
  readonly expect: { readonly error: string | null; readonly action: string }
}

export interface Extension {
  readonly kind: 'extension'
  readonly name: string
  readonly hex: string
  readonly input: {
    readonly r: string
    readonly role: 2 | 4
    readonly verifierIdentity: string
    readonly signerIdentity: string
    readonly verifierTransport: string
    readonly signerTransport: string
  }
}

type Vector = Transcript | Negative | Extension

const vectors = JSON.parse(readFileSync(new URL('./peer-sequences.json', import.meta.url), 'utf8')) as readonly Vector[]

export const transcripts: readonly Transcript[] = vectors.filter((vector) => vector.kind === 'transcript')
export const negatives: readonly Negative[] = vectors.filter((vector) => vector.kind === 'negative')
export const extensions: readonly Extension[] = vectors.filter((vector) => vector.kind === 'extension')

export function transcript(name: string): Transcript {
  const found = transcripts.find((candidate) => candidate.name === name)
  if (found === undefined) throw new Error(`no transcript ${name}`)
  return found
}

/** `CHALLENGE2_SENT` and `READY/Idle` as the table spells them. */
export function stateName(name: string): SessionState {
  const [state = ''] = name.split('/')
  return state.toLowerCase().replace(/_(.)/g, (_, letter: string) => letter.toUpperCase()) as SessionState
}

/** `HEADER_SIZE` as `PeerError` spells it. */
export function codeName(code: string): string {
  return code.toLowerCase().replaceAll('_', '-')
}

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
  for (const frame of transcript('handshake_minimal').frames) {
    if (machine.session.state === state) break
    if (frame.from !== role) machine.receive(fromHex(frame.hex))
  }
  if (machine.session.state !== state) throw new Error(`${role} did not come to ${state}`)
  await machine.output()
  return machine
}

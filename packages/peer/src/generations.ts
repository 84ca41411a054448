import type { Generation } from '@mimirjs/wire'
import { CURRENT_FRAME_LIMITS, type FrameLimits } from '@mimirjs/wire/peer'

/** What sets one generation of the original clients apart from the others, as far as a session is concerned. */
export interface GenerationProfile {
  /** The other side answers PING. Without it we send none, and silence means a dead connection. */
  readonly pong: boolean
  /** Default of {@link SessionTimers.idleMs}. */
  readonly idleMs: number
  /** PING and PONG put the idle end off like any other frame. */
  readonly pingIsActivity: boolean
  /** So do our own frames, but for PING and PONG. */
  readonly writingIsActivity: boolean
  /** Default of {@link SessionTimers.connectMs}. */
  readonly connectMs: number
  /** From which state on an acceptor may write INFO_REQUEST; an initiator always waits for READY. */
  readonly infoRequestFrom: 'peerVerified' | 'ready'
  /** HELLO carries our own IPv6 address when its first byte is 3, and an address received is checked. */
  readonly helloAddress: boolean
  /** Call frames mean something. */
  readonly calls: boolean
  /** Frames of one turn may share a write: the originals of this generation read them whatever their cut. */
  readonly coalesce: boolean
  /** Before READY nothing is legal but the seven frames of the handshake, not even PING. */
  readonly strictHandshake: boolean
  /** Contact and file requests mean something, and so do the frames that are ours alone. */
  readonly requests: boolean
  /** `roles`: a stream begins with a byte that says what it is for, and large payloads have streams of their own. */
  readonly streams: 'single' | 'roles'
  /** An OK counts for whatever connection of the identity carried the message. */
  readonly ackAcrossConnections: boolean
  /** A call offer in the middle of a call is answered: declined. */
  readonly declinesBusy: boolean
  /** Default of {@link ChallengePolicy.bound}. */
  readonly boundChallenges: boolean
  /** Ceilings of single frames; `undefined` for those of the wire package. */
  readonly frames: FrameLimits | undefined
}

/** Source: peer protocol §2.1, §5.1, §9.1, §9.2, §14.1; current protocol §2.3, §3, §4, §7, §10, §11.1. */
export const GENERATIONS: Readonly<Record<Generation, GenerationProfile>> = {
  classic: {
    pong: false,
    idleMs: 120_000,
    pingIsActivity: true,
    writingIsActivity: false,
    connectMs: 3_000,
    infoRequestFrom: 'peerVerified',
    helloAddress: true,
    calls: false,
    coalesce: true,
    strictHandshake: false,
    requests: false,
    streams: 'single',
    ackAcrossConnections: false,
    declinesBusy: false,
    boundChallenges: false,
    frames: undefined,
  },
  overlay: {
    pong: true,
    idleMs: 600_000,
    pingIsActivity: false,
    writingIsActivity: false,
    connectMs: 5_000,
    infoRequestFrom: 'ready',
    helloAddress: false,
    calls: true,
    coalesce: false,
    strictHandshake: false,
    requests: false,
    streams: 'single',
    ackAcrossConnections: false,
    declinesBusy: false,
    boundChallenges: false,
    frames: undefined,
  },
  current: {
    pong: true,
    idleMs: 600_000,
    pingIsActivity: false,
    writingIsActivity: true,
    connectMs: 10_000,
    infoRequestFrom: 'ready',
    helloAddress: false,
    calls: true,
    coalesce: true,
    strictHandshake: true,
    requests: true,
    streams: 'roles',
    ackAcrossConnections: true,
    declinesBusy: true,
    boundChallenges: true,
    frames: CURRENT_FRAME_LIMITS,
  },
}

/** @throws {RangeError} for a generation that sessions do not speak */
export function generationProfile(generation: Generation): GenerationProfile {
  if (Object.hasOwn(GENERATIONS, generation)) return GENERATIONS[generation]
  const known = Object.keys(GENERATIONS).join(', ')
  throw new RangeError(`generation ${String(generation)}: sessions speak ${known}`)
}

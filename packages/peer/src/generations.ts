import type { Generation } from '@mimirjs/wire'

/** What sets one generation of the original clients apart from the other, as far as a session is concerned. */
export interface GenerationProfile {
  /** The other side answers PING. Without it we send none, and silence means a dead connection. */
  readonly pong: boolean
  /** Default of {@link SessionTimers.idleMs}. */
  readonly idleMs: number
  /** PING and PONG put the idle end off like any other frame. */
  readonly pingIsActivity: boolean
  /** Default of {@link SessionTimers.connectMs}. */
  readonly connectMs: number
  /** From which state on an acceptor may write INFO_REQUEST; an initiator waits for READY in both. */
  readonly infoRequestFrom: 'peerVerified' | 'ready'
  /** HELLO carries our own IPv6 address when its first byte is 3, and an address received is checked. */
  readonly helloAddress: boolean
  /** Call frames mean something. */
  readonly calls: boolean
  /** Frames of one turn may share a write: the originals of this generation read them whatever their cut. */
  readonly coalesce: boolean
}

/** Source: peer protocol §2.1, §5.1, §9.1, §9.2, §14.1. */
export const GENERATIONS: Readonly<Record<'classic' | 'overlay', GenerationProfile>> = {
  classic: {
    pong: false,
    idleMs: 120_000,
    pingIsActivity: true,
    connectMs: 3_000,
    infoRequestFrom: 'peerVerified',
    helloAddress: true,
    calls: false,
    coalesce: true,
  },
  overlay: {
    pong: true,
    idleMs: 600_000,
    pingIsActivity: false,
    connectMs: 5_000,
    infoRequestFrom: 'ready',
    helloAddress: false,
    calls: true,
    coalesce: false,
  },
}

/** @throws {RangeError} for a generation that sessions do not speak */
export function generationProfile(generation: Generation): GenerationProfile {
  if (generation === 'classic' || generation === 'overlay') return GENERATIONS[generation]
  const known = Object.keys(GENERATIONS).join(', ')
  throw new RangeError(`generation ${String(generation)}: sessions speak ${known}`)
}

import { createSigner, randomBytes, type SeedSigner } from '@mimirjs/crypto'
import { type Clock, steadyClock } from '@mimirjs/transport'
import { YggdrasilError } from '../../src/error.js'
import { DEFAULT_LIMITS, type LinkLimits } from '../../src/limits.js'
import { Links, type LinksOptions } from '../../src/links/links.js'
import type { Link, LinkDriver, PeerState } from '../../src/links/types.js'
import { encodeFrame, PacketType } from '../../src/wire/frame.js'

/** One thing that a node was told. */
export type Told =
  | { readonly what: 'up' | 'batchEnd' | 'drained'; readonly link: Link }
  | { readonly what: 'down'; readonly link: Link; readonly reason: YggdrasilError | undefined }
  | { readonly what: 'frame'; readonly link: Link; readonly type: number; readonly body: Uint8Array }

export interface LinkNode {
  readonly signer: SeedSigner
  readonly links: Links
  readonly told: Told[]
  readonly states: PeerState[]
  readonly failedListeners: { readonly uri: string; readonly error: YggdrasilError }[]
  /** Links that are up now. */
  up(): Link[]
  frames(): { readonly type: number; readonly body: Uint8Array }[]
  downs(): { readonly link: Link; readonly reason: YggdrasilError | undefined }[]
  /** `connecting handshaking …` of configured peers, without repetitions. */
  history(): string
}

export interface LinkNodeOptions {
  readonly drivers: (seed: Uint8Array, clock: Clock, limits: LinkLimits) => readonly LinkDriver[]
  readonly clock?: Clock
  readonly limits?: Partial<LinkLimits>
  readonly allowedKeys?: readonly Uint8Array[]
  /** One byte, 32 times. */
  readonly seed?: number
  /** Links count as proven from their first moment on; default true. */
  readonly proves?: boolean
  readonly onFrame?: (link: Link, type: number, body: Uint8Array) => void
  readonly nextTurn?: LinksOptions['nextTurn']
}

export function linkNode(options: LinkNodeOptions): LinkNode {
  const seed = options.seed === undefined ? randomBytes(32) : new Uint8Array(32).fill(options.seed)
  const clock = options.clock ?? steadyClock
  const limits = { ...DEFAULT_LIMITS, ...options.limits }
  const signer = createSigner(seed)
  const told: Told[] = []
  const states: PeerState[] = []
  const failedListeners: { uri: string; error: YggdrasilError }[] = []
  const up = new Set<Link>()
  const links: Links = new Links({
    signer,
    drivers: options.drivers(seed, clock, limits),
    clock,
    limits,
    random: () => Uint8Array.of(128),
    allowedKeys: options.allowedKeys,
    nextTurn: options.nextTurn,
    onPeer: (state) => states.push(state),
    onListener: (uri, error) => failedListeners.push({ uri, error }),
    sink: {
      up(link) {
        up.add(link)
        told.push({ what: 'up', link })
        if (options.proves !== false) links.prove(link)
      },
      frame(link, type, body) {
        told.push({ what: 'frame', link, type, body: body.slice() })
        options.onFrame?.(link, type, body)
      },
      batchEnd: (link) => told.push({ what: 'batchEnd', link }),
      drained: (link) => told.push({ what: 'drained', link }),
      down(link, reason) {
        up.delete(link)
        told.push({ what: 'down', link, reason })
      },
    },
  })
  return {
    signer,
    links,
    told,
    states,
    failedListeners,
    up: () => [...up],
    frames: () => told.filter((one) => one.what === 'frame'),
    downs: () => told.filter((one) => one.what === 'down'),
    history: () => {
      const names = states.filter(({ incoming }) => !incoming).map(({ state }) => state)
      return names.filter((name, at) => name !== names[at - 1]).join(' ')
    },
  }
}

/** A frame of traffic, of which the links read nothing but the length. */
export function trafficFrame(body: Uint8Array): Uint8Array {
  return encodeFrame(PacketType.traffic, body)
}

/** The error that a call ends with. */
export async function errorOf(call: () => unknown): Promise<YggdrasilError> {
  try {
    await call()
  } catch (error) {
    if (error instanceof YggdrasilError) return error
    throw error
  }
  throw new Error('expected it to fail')
}

/** A copy with one byte changed. */
export function altered(bytes: Uint8Array, at: number, value: number): Uint8Array {
  const copy = bytes.slice()
  copy[at] = value
  return copy
}

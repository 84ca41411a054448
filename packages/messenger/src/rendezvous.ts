import type { Signer } from '@mimirjs/crypto'
import type { RendezvousNode, RendezvousPlatform, RendezvousState } from '@mimirjs/rendezvous'
import type { Clock, Logger } from '@mimirjs/transport'
import { toHex } from '@mimirjs/wire'
import { MessengerError } from './error.js'
import type { Store } from './store.js'
import type { MessengerParts } from './types.js'

/**
 * What becomes of somebody who is no contact and wants to connect: `ask` tells the program (event `knock`) and reveals
 * nothing until it decides, `accept` lets them in, `refuse` stays silent.
 */
export type RendezvousStrangers = 'ask' | 'accept' | 'refuse'

/** A STUN or TURN server, as WebRTC takes it. */
export interface RendezvousIceServer {
  /** `stun:`, `turn:` or `turns:` URLs. */
  readonly urls: string | readonly string[]
  readonly username?: string
  readonly credential?: string
}

/** How to meet others directly over WebRTC, from a browser too. */
export interface RendezvousOptions {
  /**
   * Servers that carry the first words: `wss://` URLs, or `ws://` on this machine; at most 8. Those who want to meet need one in
   * common. None of them has to be trusted.
   */
  readonly servers: readonly string[]
  /** STUN and TURN servers, as WebRTC takes them. Default none: then only those meet who reach each other's addresses. */
  readonly iceServers?: readonly RendezvousIceServer[]
  /** Only ever connect through a TURN server, so that nobody sees our IP address. Default `false`. */
  readonly relayOnly?: boolean
  /** Contacts always come in, the blocked never. Default `ask`. */
  readonly strangers?: RendezvousStrangers
  /** Look for contacts when we start, and when the servers are back: then those who are there are connected. Default `true`. */
  readonly meetContacts?: boolean
  /** Default: that of this browser, or of Node. */
  readonly platform?: RendezvousPlatform
}

/** Somebody who is no contact wants to connect. They know nothing of us until they are let in. */
export interface Knock {
  /** Public key, 64 lower-case hex digits. */
  readonly peer: string
  /** The key for people to compare, in six groups of four letters. */
  readonly fingerprint: string
  /** What they call themselves; nothing shows that it is true. `undefined` for nothing. */
  readonly name: string | undefined
  /** When they give up waiting, in ms since 1970. */
  readonly expiresMs: number
}

/** How we stand with one server. */
export interface RendezvousServerStatus {
  readonly url: string
  /** `ready`: words go through it. `waiting`: for the next attempt. `left`: it broke the rules, or was told to go. */
  readonly state: 'connecting' | 'ready' | 'waiting' | 'left'
  readonly reason?: string | undefined
  readonly retryAtMs?: number | undefined
}

/** What the servers say about our clock. With one that is wrong by more than a minute nobody meets anybody. */
export interface RendezvousClock {
  /**
   * How far most of them are ahead of us, in ms; negative when they are behind, `undefined` when that is at most a minute.
   * Nothing else depends on it. Source: rendezvous protocol B15.
   */
  readonly clockOffsetMs: number | undefined
}

/** How we can be met. */
export interface RendezvousHealth extends RendezvousClock {
  /** `rdv://` URL: our key. */
  readonly address: string
  /** `rdv1:` string with our key and servers, for others to find us by. */
  readonly contact: string
  /** Our key for people to compare. */
  readonly fingerprint: string
  readonly servers: readonly RendezvousServerStatus[]
  /** People we are connected with directly. */
  readonly links: number
}

/** What a messenger needs of a rendezvous node. */
export type MeetingNode = Pick<
  RendezvousNode,
  | 'address'
  | 'contact'
  | 'fingerprint'
  | 'streams'
  | 'servers'
  | 'knocks'
  | 'linkTo'
  | 'connect'
  | 'accept'
  | 'decline'
  | 'addServer'
  | 'removeServer'
  | 'refresh'
  | 'on'
  | 'close'
>

/** Our node, which no server knows of yet. */
export interface MeetingPlace {
  readonly node: MeetingNode
  readonly options: RendezvousOptions
  /** Who decides, and who we say we are. Until it is set nobody may come. */
  readonly doors: {
    policy(peer: string): 'accept' | 'ask' | 'ignore'
    name(): string
  }
}

/** What our node is opened with. */
export interface MeetingPlaceParts {
  readonly signer: Signer
  readonly store: Store
  /** Shows the time of day, for words have a date until which they count. Default: the node's own. */
  readonly clock: Clock | undefined
  readonly logger: Logger | undefined
  /** That of this browser, or of Node. */
  platform(): Promise<RendezvousPlatform>
}

/** Where the node keeps how far it has counted: what was said before a restart must not count again. */
const STATE_SETTING = 'rendezvous'

/**
 * The parts of a messenger, and the node of the option `rendezvous` with its streams.
 * Rejects with {@link MessengerError} `rendezvous`; the parts are the caller's.
 */
export async function withRendezvous<Parts extends MessengerParts>(
  parts: Parts,
  options: RendezvousOptions | undefined,
  own: Pick<MeetingPlaceParts, 'clock' | 'logger' | 'platform'>,
): Promise<Parts> {
  if (options === undefined) return parts
  const { signer, store, transports } = parts
  const rendezvous = await openMeetingPlace(options, { signer, store, ...own })
  const { streams } = rendezvous.node
  return { ...parts, rendezvous, transports: transports.has(streams.scheme) ? transports : transports.with(streams) }
}

async function openMeetingPlace(
  options: RendezvousOptions,
  { signer, store, clock, logger, platform }: MeetingPlaceParts,
): Promise<MeetingPlace> {
  const doors: MeetingPlace['doors'] = { policy: () => 'ignore', name: () => '' }
  try {
    // Loaded only by those who use it.
    const { RendezvousNode } = await import('@mimirjs/rendezvous')
    const { iceServers, relayOnly } = options
    const node = await RendezvousNode.open({
      signer,
      // Added when there is somebody to answer: what is not answered at first is never heard again.
      servers: [],
      platform: options.platform ?? (await platform()),
      name: () => doors.name(),
      policy: (publicKey) => doors.policy(toHex(publicKey)),
      state: {
        load: async () => readState(await store.setting(STATE_SETTING)),
        save: (state) => store.setSetting(STATE_SETTING, JSON.stringify(state)),
      },
      ...(iceServers === undefined ? {} : { iceServers }),
      ...(relayOnly === undefined ? {} : { relayOnly }),
      ...(clock === undefined ? {} : { clock }),
      ...(logger === undefined ? {} : { logger }),
    })
    return { node, options, doors }
  } catch (cause) {
    throw rendezvousError('our rendezvous node cannot start', cause)
  }
}

export function rendezvousError(what: string, cause: unknown): MessengerError {
  const why = cause instanceof Error ? cause.message : String(cause)
  return new MessengerError('rendezvous', `${what}: ${why}`, { cause })
}

function readState(text: string | undefined): RendezvousState | undefined {
  return text === undefined ? undefined : (JSON.parse(text) as RendezvousState)
}

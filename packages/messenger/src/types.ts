import type { Signer } from '@mimirjs/crypto'
import type { PeerLimits } from '@mimirjs/peer'
import type { Clock, DatagramTransport, Logger, Transports } from '@mimirjs/transport'
import type { Generation } from '@mimirjs/wire'
import type { Call, MissedCall } from './calls/call.js'
import type { ContactRequest, ContactRequestPolicy } from './contact-requests.js'
import type { LinkState, RetryOptions } from './courier.js'
import type { MessengerError } from './error.js'
import type { FaultHook } from './files/faults.js'
import type { FileEvent, TransferLimits } from './files/types.js'
import type { Group } from './groups/group.js'
import type { GroupEvent, GroupInvite, GroupInvitePolicy, MediatorAddress, MediatorEvent } from './groups/types.js'
import type { HistoryEntry, Sent } from './message.js'
import type { Metrics } from './metrics.js'
import type { LocalNetwork, MulticastHealth, MulticastOptions, NearbyEvent } from './multicast.js'
import type { OverlayEvent, OverlayHealth, OverlayNode, OverlayOptions } from './overlay.js'
import type {
  Knock,
  MeetingPlace,
  RendezvousClock,
  RendezvousHealth,
  RendezvousOptions,
  RendezvousServerStatus,
} from './rendezvous.js'
import type { Contact, Store } from './store.js'

/** Everything the messenger stands on. {@link Messenger.open} supplies what is not given. */
export interface MessengerParts {
  readonly signer: Signer
  readonly store: Store
  readonly transports: Transports
  readonly datagrams: DatagramTransport
  readonly clock: Clock
  /** IP addresses of this machine, to find the one to announce. */
  readonly hostAddresses: () => readonly string[]
  /** The node that `ygg://` addresses go through; its streams are among `transports`. */
  readonly overlay: OverlayNode | undefined
  /** The node that `mp2p://` addresses go through; its streams are among `transports`. */
  readonly multicast: LocalNetwork | undefined
  /** The node that `rdv://` addresses go through; its streams are among `transports`. */
  readonly rendezvous: MeetingPlace | undefined
}

export interface MessengerOptions extends Partial<Omit<MessengerParts, 'overlay' | 'multicast' | 'rendezvous'>> {
  /** What others see as our name. Kept from then on. */
  name?: string
  /**
   * In a browser: what our key is encrypted under where the browser has no keys of its own that nobody can read; where it
   * has, this is not used. Under Node it is refused, for key files are not encrypted. Default none.
   */
  passphrase?: string | undefined
  /**
   * Trackers, for example `udp://[208:62:45:62:59b8:f1a2:62ca:f87c]:5050`, or, with `overlay`, `ygg://<node key>:69`; not both
   * kinds together. Default none.
   */
  trackers?: readonly string[]
  /** The protocol generation to speak. Default 'current' with `overlay` or `rendezvous`, else 'classic'. */
  generation?: Generation
  /**
   * Reach others over Yggdrasil without installing it: a node that you run and close yourself, one messenger to a node; or
   * what the messenger needs to run one of its own, whose key is made once and kept as `node.key` in the folder. Default none.
   */
  overlay?: OverlayNode | OverlayOptions
  /**
   * Find contacts on the local network, and be found there, without any server: over UDP multicast. Everybody there can then
   * tell that this key is present. Default `false`: no socket, no packet.
   */
  multicast?: boolean | MulticastOptions
  /**
   * Meet others directly over WebRTC, as browsers can: servers carry the first words, and learn who wants to meet whom, but
   * can neither read, forge nor join anything that is said then. Default none: no server hears of us.
   */
  rendezvous?: RendezvousOptions
  /** Who may talk to us. Default 'anyone', except those blocked. */
  acceptFrom?: 'anyone' | 'contacts' | ((peer: string) => boolean)
  /** What becomes of those who ask to be contacts; current generation only. Default `'ask'`. */
  contactRequests?: ContactRequestPolicy
  /**
   * Where files go that we send in the current generation, encrypted, for up to 15 days: the receiver can fetch them when
   * we are away. Default none: it asks us.
   */
  fileServer?: FileServerOptions
  /** Address URL of a file server that somebody else named by its node key. Default `ygg://<key>:80`. */
  fileServerAddress?: (key: string) => string
  /** Servers of groups to be connected to, so that invites are heard; the first is where groups are made. Default none. */
  mediators?: readonly MediatorAddress[]
  /** What becomes of invites into groups. Default `'ask'`. */
  groupInvites?: GroupInvitePolicy
  /** Ceilings of file transfers. */
  transferLimits?: Partial<TransferLimits>
  /** Pauses between attempts to reach a peer. Default 1 000 ms doubling to 120 000 ms. */
  retry?: Partial<RetryOptions>
  /** Calls that may go on at the same time; who offers one more is told that we are busy. Default 1. */
  maxCalls?: number
  /** Limits of the connections; see `@mimirjs/peer`. */
  limits?: Partial<PeerLimits>
  /** 'power' (default): an accepted message survives power loss. 'process': it survives the death of the process. */
  durability?: 'power' | 'process'
  /** What commands begin with. Default `/`. */
  commandPrefix?: string
  /** Where figures go; nowhere by default. See `@mimirjs/messenger/prometheus` and `/opentelemetry`. */
  metrics?: Metrics
  /** pino-shaped; silent by default. */
  logger?: Logger
  /** Called at each step of a transfer at which a process may end: for tests that end it there. */
  faults?: FaultHook
}

export interface FileServerOptions {
  /** Node key of the server, 64 hex digits: receivers find it by that. */
  readonly key: string
  /** Where we reach it. Default `ygg://<key>:80`. */
  readonly address?: string
}

export type MessengerEvents = {
  /** The peer has stored the message; for one to a group, its mediator has. */
  delivered: Sent
  /** The peer is there and silent about the message: it waits until the peer takes what we send. */
  waiting: Sent
  /** A peer changed the text of a message of its own; the history has the new one. */
  edited: { readonly id: string; readonly peer: string }
  /** Somebody asks to be our contact: see {@link Messenger.acceptContact}. */
  contactRequest: ContactRequest
  /** Somebody answered when we asked to be their contact. */
  contactAnswer: { readonly peer: string; readonly accepted: boolean }
  /** Somebody calls. Without a listener calls are declined. */
  call: Call
  /** Somebody called and nobody took the call; it is in the history, too. */
  missedCall: MissedCall
  /** Somebody wants us in a group, or to take a new key for one: see {@link Messenger.joinGroup}. */
  groupInvite: GroupInvite
  /** Something about a group has changed: its name, its members, our role, whether we are in it. */
  group: GroupEvent
  /** How we stand with a mediator has changed. */
  mediator: MediatorEvent
  /** A link of our node to the overlay came up, went down, or is to be tried again. */
  overlay: OverlayEvent
  /** Somebody came to, or went from, the local network. Strangers, too: nobody is dialled for that alone. */
  nearby: NearbyEvent
  /** Somebody who is no contact wants to connect: see {@link Messenger.acceptKnock}. */
  knock: Knock
  /** There is nobody to answer any more: they were answered, or gave up. */
  knockOver: { readonly peer: string }
  /** They gave up before anybody answered. */
  missedKnock: { readonly peer: string }
  /** How we stand with a rendezvous server has changed. */
  rendezvous: RendezvousServerStatus
  /** Most rendezvous servers say that our clock is wrong, or no longer do. */
  clock: RendezvousClock
  /** A file moves, in either direction. */
  file: FileEvent
  /** How we stand with a peer has changed. */
  state: PeerState
  /** A peer told its name, text or picture. */
  contact: Contact
  /** Our addresses are known to a tracker, for so many seconds. */
  announced: { readonly address: string; readonly ttlSeconds: number }
  /** Something in the background failed; nothing was lost. */
  error: MessengerError
}

export type PeerState = LinkState & {
  /** Public key, 64 lower-case hex digits. */
  readonly peer: string
}

export interface ListenOptions {
  /** Where to listen. Default port 42 of the overlay node; without one `tcp://[::]:5050`, the port of the protocol. */
  address?: string
  /**
   * The address others can reach us at, if it differs from where we listen (a proxy, a forwarded port). A function is
   * asked every five seconds, and a change announced at once.
   */
  announce?: string | (() => string | undefined)
}

export interface Health {
  readonly listening: readonly string[]
  readonly connections: number
  /** Connections to mediators that are up. */
  readonly mediators: number
  /** `undefined` without the option `overlay`. */
  readonly overlay: OverlayHealth | undefined
  /** `undefined` without the option `multicast`. */
  readonly multicast: MulticastHealth | undefined
  /** `undefined` without the option `rendezvous`, or when {@link rendezvousProblem} says why. */
  readonly rendezvous: RendezvousHealth | undefined
  /** Why there is no rendezvous, although there is the option for it, until we are opened again. */
  readonly rendezvousProblem: string | undefined
  readonly undelivered: number
  readonly unhandled: number
}

/** A person, or a group, and how the talk with them stands. */
export interface ConversationSummary {
  /** Of a group: its id as `peer`, its name as `name`, and `group` as its `kind`. */
  readonly contact: Contact
  /** `undefined` for a person. */
  readonly group: Group | undefined
  /** Messages of theirs behind the last {@link Messenger.markRead}. */
  readonly unread: number
  /** `undefined` when nothing was said yet. */
  readonly last: Omit<HistoryEntry, 'file'> | undefined
}

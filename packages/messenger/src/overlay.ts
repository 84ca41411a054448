import type { Clock } from '@mimirjs/transport'
import { toHex } from '@mimirjs/wire'
import type { YggdrasilNode } from '@mimirjs/yggdrasil'
import { MessengerError } from './error.js'

/** A node of the overlay network, as far as a messenger needs one; what `Yggdrasil.start` resolves with is one. */
export type OverlayNode = Pick<
  YggdrasilNode,
  'publicKey' | 'streams' | 'datagramTransport' | 'listenAddresses' | 'peers' | 'retryNow' | 'on' | 'close'
>

/** A node that the messenger runs for itself. Its key is made once and kept, as `node.key` in the folder. */
export interface OverlayOptions {
  /** Nodes of the network to connect to, for example `tls://[2001:db8::7]:443?key=…`. At least one, unless it listens. */
  readonly peers?: readonly string[]
  /** Where other nodes may connect, for example `tls://[::]:12345`: then we forward for them. Default nowhere. */
  readonly listen?: readonly string[]
}

/** What has become of a link of our node to the overlay. */
export type OverlayEvent = {
  /** Of the peer, without its query; of our listener where somebody else connected. */
  readonly uri: string
  readonly incoming: boolean
} & OverlayLink

/**
 * `up`: its node has shown that it has this key, 64 lower-case hex digits. `down`: without a reason after an orderly end.
 * `waiting`: for the next attempt. `stopped`: it is not tried again.
 */
export type OverlayLink =
  | { readonly state: 'up'; readonly publicKey: string }
  | { readonly state: 'down'; readonly reason: string | undefined }
  | { readonly state: 'waiting'; readonly reason: string; readonly retryAtMs: number }
  | { readonly state: 'stopped'; readonly reason: string }

/** How our node stands. */
export interface OverlayHealth {
  /** Its key, which is its address: 64 lower-case hex digits. */
  readonly publicKey: string
  /** URIs where other nodes may connect, with the ports that the system chose. */
  readonly listening: readonly string[]
  /** Links that are up, whoever made them. Without one nobody is reached. */
  readonly linksUp: number
  /** Peers that failed, and why. A node that listens nowhere has one link at a time; those that stand by are not named. */
  readonly notReached: readonly { readonly uri: string; readonly reason: string }[]
}

/** Port of messengers on the overlay. Source: current protocol §2.2. */
const MESSENGER_PORT = 42

/** Where the messenger on the node with this key is: address URL. */
export function messengerAddress(nodeKey: Uint8Array): string {
  return `ygg://${toHex(nodeKey)}:${MESSENGER_PORT}`
}

/** Whether a program handed over a node that it runs itself. */
export function isOverlayNode(overlay: OverlayNode | OverlayOptions): overlay is OverlayNode {
  return 'streams' in overlay
}

export function overlayHealth(node: OverlayNode): OverlayHealth {
  const peers = node.peers()
  return {
    publicKey: toHex(node.publicKey),
    listening: node.listenAddresses,
    linksUp: peers.filter(({ state }) => state === 'up').length,
    notReached: peers.flatMap(({ uri, incoming, state, error }) =>
      incoming || state === 'up' || error === undefined ? [] : [{ uri, reason: error.message }],
    ),
  }
}

export interface OverlayWatch {
  readonly clock: Clock
  onEvent(event: OverlayEvent): void
  onError(error: MessengerError): void
}

/** Tell what becomes of the links of our node. @returns a function that ends it */
export function watchOverlay(node: OverlayNode, { clock, onEvent, onError }: OverlayWatch): () => void {
  const ends = [
    node.on('peerUp', ({ uri, incoming, publicKey }) =>
      onEvent({ uri, incoming, state: 'up', publicKey: toHex(publicKey) }),
    ),
    node.on('peerDown', ({ uri, incoming, error }) =>
      onEvent({ uri, incoming, state: 'down', reason: error?.message }),
    ),
    node.on('peerRetry', ({ uri, error: { message: reason }, retryInMs }) => {
      const peer = { uri, incoming: false, reason }
      if (retryInMs === undefined) onEvent({ ...peer, state: 'stopped' })
      else onEvent({ ...peer, state: 'waiting', retryAtMs: clock.nowMs() + retryInMs })
    }),
    node.on('error', ({ error: cause }) => {
      const why = cause instanceof Error ? cause.message : String(cause)
      onError(new MessengerError('overlay', `our node of the overlay network: ${why}`, { cause }))
    }),
  ]
  return () => {
    for (const end of ends) end()
  }
}

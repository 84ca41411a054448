import type { DatagramTransport, StreamTransport } from '@mimirjs/transport'
import { toHex } from '@mimirjs/wire'

/** A node of the overlay network, as far as a messenger needs one; a `Yggdrasil` of `@mimirjs/yggdrasil` is one. */
export interface OverlayNode {
  /** 32-byte node key, which is its address; not the identity of the messenger. */
  readonly publicKey: Uint8Array
  /** Streams of scheme `ygg`. */
  readonly streams: StreamTransport
  /** Datagrams of scheme `ygg`. */
  readonly datagramTransport: DatagramTransport
  close(): Promise<void>
}

/** A node that the messenger runs for itself. Its key is made once and kept, as `node.key` in the folder. */
export interface OverlayOptions {
  /** Nodes of the network to connect to, for example `tls://[2001:db8::7]:443?key=…`. At least one, or one that listens. */
  readonly peers: readonly string[]
  /** Where other nodes may connect, for example `tls://[::]:12345`. Default nowhere. */
  readonly listen?: readonly string[]
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

import type { Stack } from '../lib/stack.js'

/** Every stack by name; loaded by name only, so that no process carries code of a stack that it does not run. */
export const STACKS = {
  'mimir-frames': async () => (await import('./mimir-frames.js')).mimirFramesStack('promises'),
  'mimir-frames-callbacks': async () => (await import('./mimir-frames.js')).mimirFramesStack('callbacks'),
  'mimir-peer': async () => (await import('./mimir-peer.js')).mimirPeerStack(),
  'net-requests': async () => (await import('./net-requests.js')).netRequestsStack(),
  net: async () => (await import('./net.js')).netStack('plain'),
  'net-coalesced': async () => (await import('./net.js')).netStack('coalesced'),
  tls: async () => (await import('./tls.js')).tlsStack(),
  'secret-stream': async () => (await import('./secret-stream.js')).secretStreamStack('plain'),
  'secret-stream-coalesced': async () => (await import('./secret-stream.js')).secretStreamStack('coalesced'),
  libp2p: async () => (await import('./libp2p.js')).libp2pStack('plain'),
  'libp2p-coalesced': async () => (await import('./libp2p.js')).libp2pStack('coalesced'),
  'mimir-tracker': async () => (await import('./mimir-tracker.js')).mimirTrackerStack(),
  'mimir-mediator': async () => (await import('./mimir-mediator.js')).mimirMediatorStack(),
  'mimir-multicast': async () => (await import('./mimir-multicast.js')).mimirMulticastStack('requests'),
  'mimir-multicast-streams': async () => (await import('./mimir-multicast.js')).mimirMulticastStack('streams'),
  'dgram-multicast': async () => (await import('./dgram-multicast.js')).dgramMulticastStack('default'),
  'dgram-multicast-without-lookup': async () =>
    (await import('./dgram-multicast.js')).dgramMulticastStack('without-lookup'),
  'dgram-multicast-sealed': async () => (await import('./dgram-multicast.js')).dgramMulticastStack('sealed'),
  'mimir-rendezvous': async () => (await import('./mimir-rendezvous.js')).mimirRendezvousStack(),
  'ws-relay': async () => (await import('./ws-relay.js')).wsRelayStack(),
  'mimir-rendezvous-link': async () => (await import('./mimir-rendezvous-nodes.js')).mimirRendezvousLinkStack(1),
  'mimir-rendezvous-link-3': async () => (await import('./mimir-rendezvous-nodes.js')).mimirRendezvousLinkStack(3),
  'mimir-rendezvous-streams': async () => (await import('./mimir-rendezvous-nodes.js')).mimirRendezvousStreamStack(),
  wrtc: async () => (await import('./wrtc.js')).wrtcStack(),
  'wrtc-in-process': async () => (await import('./wrtc.js')).wrtcInProcessStack(),
  'dgram-echo': async () => (await import('./dgram-echo.js')).dgramEchoStack('default'),
  'dgram-echo-without-lookup': async () => (await import('./dgram-echo.js')).dgramEchoStack('none'),
} as const satisfies Record<string, () => Promise<Stack>>

export type StackName = keyof typeof STACKS

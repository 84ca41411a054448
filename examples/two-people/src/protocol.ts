import type { Content } from '@mimirjs/messenger'

/** Where somebody is, and whom they ask. */
export interface Place {
  /** Address URL of the tracker. */
  readonly tracker: string
  /** Nodes of the overlay to connect to; absent on plain TCP and UDP. */
  readonly overlayPeers?: readonly string[]
}

export interface PersonSettings extends Place {
  readonly folder: string
  readonly name: string
}

export interface TrackerSettings extends Omit<Place, 'tracker'> {
  /** File of its database. */
  readonly database: string
}

/** From the main program to a person. Sent over the process channel with structured cloning, so bytes stay bytes. */
export type Command = { do: 'send'; to: string; content: Content; token: number } | { do: 'close' }

/** From a person to the main program. */
export type Report =
  | { event: 'ready'; address: string; publicKey: string }
  | { event: 'announced'; address: string }
  | { event: 'connected'; address: string; handshakeMs: number }
  | { event: 'waiting'; reason: string }
  | { event: 'accepted'; token: number; id: string }
  | { event: 'delivered'; id: string; roundTripMs: number | undefined }
  | {
      event: 'received'
      id: string
      kind: string
      text: string
      replyTo: string | undefined
      bytes: number | undefined
      damaged: boolean | undefined
    }

import type { Generation } from '@mimirjs/wire'
import type { Kind } from './content.js'

/** From the driver to a device's process. */
export type Command =
  | { do: 'send'; kind: Kind; to: string; token: number }
  | { do: 'move'; announce: string }
  | { do: 'status' }
  | { do: 'close' }

/** From a device's process to the driver. */
export type Report =
  | { event: 'ready'; address: string; publicKey: string }
  /** It was accepted, or there was nothing to do it to. */
  | { event: 'accepted'; token: number; isMessage: boolean }
  | { event: 'rejected'; token: number; reason: string }
  /** `files`: ids of messages whose file is not where it belongs. */
  | { event: 'status'; undelivered: number; unhandled: number; files: readonly string[] }

/** How a device's process is started: one JSON argument. */
export interface DeviceOptions {
  readonly folder: string
  readonly name: string
  /** Key of the person, 64 hex digits. */
  readonly key: string
  readonly generation: Generation
  readonly tracker: string
  /** The address of the faulty link in front of this device. */
  readonly announce: string
  readonly seed: number
  /** Share of messages that the handler answers, 0 to 1. */
  readonly replies: number
  /** Where file servers are reached. */
  readonly fileServerAddress: string | undefined
  /** Node key of the file server for what this device sends, 64 hex digits. */
  readonly fileServer: string | undefined
}

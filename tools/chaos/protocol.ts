/** From the driver to a person's process. */
export type Command = { do: 'send'; to: string; text: string; token: number } | { do: 'status' } | { do: 'close' }

/** From a person's process to the driver. */
export type Report =
  | { event: 'ready'; address: string; publicKey: string }
  | { event: 'accepted'; token: number }
  | { event: 'rejected'; token: number; reason: string }
  | { event: 'status'; undelivered: number; unhandled: number }

/** How a person's process is started: one JSON argument. */
export interface PersonOptions {
  readonly folder: string
  readonly name: string
  readonly tracker: string
  /** The address of the faulty link in front of this person. */
  readonly announce: string
  readonly seed: number
  /** Share of messages that the handler answers, 0 to 1. */
  readonly replies: number
}

import { MAX_CHANNEL_FRAME_BYTES } from '@mimirjs/wire/rendezvous'
import type { DataChannelLike } from './types.js'

/** What happens to a channel. Nothing is told from inside {@link readChannel}. */
export interface ChannelReader {
  /** Once, before anything that came. */
  opened(): void
  text(text: string): void
  binary(bytes: Uint8Array): void
  /** Once, last: the channel is closed, by whomever. */
  closed(): void
}

type Message = string | Uint8Array

/** Messages that may come before `opened`; whoever sends more, or longer ones than he may, is none of ours. */
const MAX_EARLY = 64
/** And before a stream is taken that waits for the binds: there is no more to say yet than a window, and goodbye. */
const MAX_HELD = 4
const MAX_HELD_LENGTH = 256

/**
 * Read a channel from now on.
 * @param isHeld - tell nothing before the function that is returned was called: what comes until then waits
 */
export function readChannel(channel: DataChannelLike, reader: ChannelReader, isHeld = false): () => void {
  channel.binaryType = 'arraybuffer'
  let isOpen = false
  let isReleased = !isHeld
  /** What a browser hands over before it says that the channel is open, too; nothing can be answered until then. */
  let early: Message[] | undefined = []
  const mayWait = (message: Message, { length }: readonly Message[]): boolean =>
    isReleased
      ? length < MAX_EARLY && message.length <= MAX_CHANNEL_FRAME_BYTES
      : length < MAX_HELD && typeof message === 'string' && message.length <= MAX_HELD_LENGTH
  const take = (message: Message): void => {
    if (typeof message === 'string') reader.text(message)
    else reader.binary(message)
  }
  const begin = (): void => {
    if (!isOpen || !isReleased || early === undefined || channel.onclose === null) return
    const kept = early
    early = undefined
    reader.opened()
    for (const message of kept) take(message)
  }
  const opened = (): void => {
    isOpen = true
    begin()
  }
  channel.onmessage = ({ data }) => {
    const message = typeof data === 'string' ? data : new Uint8Array(data as ArrayBuffer)
    if (early === undefined) take(message)
    else if (mayWait(message, early)) early.push(message)
    else channel.close()
  }
  channel.onopen = opened
  // Tells nothing that `onclose` does not tell.
  channel.onerror = () => {}
  channel.onclose = () => {
    letGo(channel)
    early = undefined
    reader.closed()
  }
  if (channel.readyState === 'open') queueMicrotask(opened)
  return () => {
    isReleased = true
    begin()
  }
}

/** Hear nothing of a channel any more. */
export function letGo(channel: DataChannelLike): void {
  channel.onopen = channel.onmessage = channel.onclose = channel.onerror = null
  if ('onbufferedamountlow' in channel) channel.onbufferedamountlow = null
}

/** A send on a channel that has just closed does nothing: `onclose` tells. */
export function sendText(channel: DataChannelLike, text: string): void {
  if (channel.readyState !== 'open') return
  try {
    channel.send(text)
  } catch {
    channel.close()
  }
}

/** The same, without asking the channel first: that takes the library for Node as long as to send. */
export function sendBytes(channel: DataChannelLike, bytes: Uint8Array): void {
  try {
    // What streams are given is no shared memory.
    channel.send(bytes as Uint8Array<ArrayBuffer>)
  } catch {
    channel.close()
  }
}

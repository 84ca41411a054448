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

/** Messages that may come before the platform says that the channel is open; whoever sends more is none of ours. */
const MAX_EARLY = 64

/** Read a channel from now on. */
export function readChannel(channel: DataChannelLike, reader: ChannelReader): void {
  channel.binaryType = 'arraybuffer'
  /** What a browser hands over before it says that the channel is open; nothing can be answered until then. */
  let early: unknown[] | undefined = []
  const take = (data: unknown): void => {
    if (typeof data === 'string') reader.text(data)
    else reader.binary(new Uint8Array(data as ArrayBuffer))
  }
  const opened = (): void => {
    if (early === undefined || channel.onclose === null) return
    const kept = early
    early = undefined
    reader.opened()
    for (const data of kept) take(data)
  }
  channel.onmessage = ({ data }) => {
    if (early === undefined) take(data)
    else if (early.push(data) > MAX_EARLY) channel.close()
  }
  channel.onopen = opened
  // Tells nothing that `onclose` does not tell.
  channel.onerror = () => {}
  channel.onclose = () => {
    letGo(channel)
    reader.closed()
  }
  if (channel.readyState === 'open') queueMicrotask(opened)
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

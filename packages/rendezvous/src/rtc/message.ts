import type { DataChannelLike } from './types.js'

/** What came over a channel, by its kind. */
export interface ChannelReader {
  text(text: string): void
  binary(bytes: Uint8Array): void
  /** Once, last: the channel is closed, by whomever. */
  closed(): void
}

/** Read a channel from now on. */
export function readChannel(channel: DataChannelLike, reader: ChannelReader): void {
  channel.binaryType = 'arraybuffer'
  channel.onmessage = ({ data }) => {
    if (typeof data === 'string') reader.text(data)
    else reader.binary(new Uint8Array(data as ArrayBuffer))
  }
  // Tells nothing that `onclose` does not tell.
  channel.onerror = () => {}
  channel.onclose = () => {
    letGo(channel)
    reader.closed()
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

export function sendBytes(channel: DataChannelLike, bytes: Uint8Array): void {
  if (channel.readyState !== 'open') return
  try {
    // What streams are given is no shared memory.
    channel.send(bytes as Uint8Array<ArrayBuffer>)
  } catch {
    channel.close()
  }
}

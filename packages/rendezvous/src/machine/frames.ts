import { isWireError, toHex } from '@mimirjs/wire'
import {
  type BindFrame,
  type ChannelFrame,
  type ChatFrame,
  decodeChannelFrame,
  encodeChannelFrame,
  MAX_CHANNEL_FRAME_BYTES,
  type UnknownFrame,
} from '@mimirjs/wire/rendezvous'
import type { OwnAttempt } from './attempt.js'
import { receiveBind } from './binding.js'
import type { ChannelSession } from './channel-session.js'
import { closeAttempt } from './closing.js'
import type { Core } from './core.js'

/** Frames that may come after the other side's bind and before ours is sent. */
const MAX_WAITING = 16

/** A frame of a channel: text, or data (rendezvous protocol B11, B12). */
export function receiveMessage(core: Core, attempt: OwnAttempt, message: string | Uint8Array, nowMs: number): void {
  const { channel, state } = attempt
  if (channel === undefined) {
    // They speak before we know the channel: whoever is honest waits for nothing but the channel to say who he is.
    closeAttempt(core, attempt, 'bind', nowMs, { isTold: true })
    return
  }
  if (typeof message === 'string' && !channel.frames.take(nowMs)) {
    closeAttempt(core, attempt, 'protocol', nowMs, { isTold: true, detail: 'flood' })
    return
  }
  if (channel.isPeerBound) {
    channel.waiting.push(message)
    if (state === 'open') takeWaiting(core, attempt, channel, nowMs)
    else if (channel.waiting.length > MAX_WAITING || message.length > MAX_CHANNEL_FRAME_BYTES)
      closeAttempt(core, attempt, 'protocol', nowMs, { isTold: true, detail: 'too much before our bind' })
  } else receiveBind(core, attempt, channel, typeof message === 'string' ? decode(message) : undefined, nowMs)
}

/** What came before the link was open, in its order. */
export function takeWaiting(core: Core, attempt: OwnAttempt, channel: ChannelSession, nowMs: number): void {
  for (const message of channel.waiting.splice(0)) {
    if (attempt.state !== 'open') return
    channel.hear(nowMs)
    if (typeof message === 'string') receiveText(core, attempt, channel, message, nowMs)
    else core.host.data(attempt, message)
  }
}

function receiveText(core: Core, attempt: OwnAttempt, channel: ChannelSession, text: string, nowMs: number): void {
  const frame = decode(text)
  if (frame === undefined || frame.type === 'bind') {
    core.counters['channel-frame'] += 1
    channel.badFrames += 1
    if (channel.badFrames > core.limits.badChannelFrames)
      closeAttempt(core, attempt, 'protocol', nowMs, { isTold: true, detail: 'frames that cannot be' })
    return
  }
  receiveFrame(core, attempt, channel, frame, nowMs)
}

function receiveFrame(
  core: Core,
  attempt: OwnAttempt,
  channel: ChannelSession,
  frame: Exclude<ChannelFrame, BindFrame> | UnknownFrame,
  nowMs: number,
): void {
  switch (frame.type) {
    case 'chat':
      receiveChat(core, attempt, channel, frame)
      return
    case 'ack':
      if (channel.unacked.delete(toHex(frame.id))) core.host.acked(attempt, frame.id)
      return
    case 'shared':
      core.host.shared(attempt, frame.shared)
      return
    case 'ping':
      send(core, attempt, { type: 'pong', n: frame.n })
      return
    case 'pong':
      return
    case 'window':
      // Never less than before: what was granted is not taken back.
      if (frame.n <= channel.grantedBytes) return
      channel.grantedBytes = frame.n
      core.host.window(attempt, frame.n)
      return
    case 'bye':
      closeAttempt(core, attempt, 'bye', nowMs, { isTold: false, detail: frame.code })
      return
    case 'unknown':
      core.counters['channel-unknown'] += 1
  }
}

/** Delivered once, and acknowledged each time: the acknowledgement may have been what was lost. */
function receiveChat(core: Core, attempt: OwnAttempt, channel: ChannelSession, { id, text, ts }: ChatFrame): void {
  send(core, attempt, { type: 'ack', id })
  if (channel.chatIds.add(toHex(id))) core.host.chat(attempt, { id, text, sentMs: ts })
  else core.counters['chat-repeat'] += 1
}

/** To the other side of an open link. */
export function send(core: Core, { connection }: OwnAttempt, frame: ChannelFrame): void {
  if (connection !== undefined) core.host.channelText(connection, encodeChannelFrame(frame))
}

/**
 * Take what came before the link was open; ask after a silence, give up after a long one (rendezvous protocol B12).
 * @returns when to look again
 */
export function tickChannel(core: Core, attempt: OwnAttempt, channel: ChannelSession, nowMs: number): number {
  takeWaiting(core, attempt, channel, nowMs)
  const { channelSilenceMs, channelLostMs } = core.limits
  // Whoever slept, as laptops do, asks first: only silence after a question says something.
  const lostMs = (channel.askedMs ?? nowMs) + Math.max(channelLostMs - channelSilenceMs, 1)
  if (channel.askedMs !== undefined && lostMs <= nowMs) {
    closeAttempt(core, attempt, 'lost', nowMs, { isTold: true, detail: 'silence' })
    return Number.POSITIVE_INFINITY
  }
  if ((channel.pingedMs ?? channel.heardMs) + channelSilenceMs <= nowMs) {
    channel.askedMs ??= nowMs
    channel.pingedMs = nowMs
    channel.pings = (channel.pings + 1) % 2 ** 32
    send(core, attempt, { type: 'ping', n: channel.pings })
  }
  const nextMs = (channel.pingedMs ?? channel.heardMs) + channelSilenceMs
  return channel.askedMs === undefined ? nextMs : Math.min(lostMs, nextMs)
}

function decode(text: string): ChannelFrame | UnknownFrame | undefined {
  try {
    return decodeChannelFrame(text)
  } catch (error) {
    if (!isWireError(error)) throw error
    return undefined
  }
}

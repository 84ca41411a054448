import type { Clock } from '../clock.js'
import { steadyClock } from '../clock.js'

export interface WsOptions {
  /** Bytes a stream holds for its reader, and grants its sender. From 65 536 to 8 388 608. Default 1 048 576. */
  readonly windowBytes?: number
  /** Bytes a stream holds back before `write` returns `false`. Default 65 536. */
  readonly highWaterMarkBytes?: number
  /** For the timeouts of dials. Default {@link steadyClock}. */
  readonly clock?: Clock
}

export type CompleteWsOptions = Required<WsOptions>

const MIN_WINDOW_BYTES = 65_536
const MAX_WINDOW_BYTES = 8_388_608
const DEFAULT_WINDOW_BYTES = 1_048_576
const DEFAULT_HIGH_WATER_BYTES = 65_536

/** @throws {RangeError} for a window that cannot be */
export function completeWsOptions({
  windowBytes = DEFAULT_WINDOW_BYTES,
  highWaterMarkBytes = DEFAULT_HIGH_WATER_BYTES,
  clock = steadyClock,
}: WsOptions = {}): CompleteWsOptions {
  if (!(Number.isSafeInteger(windowBytes) && windowBytes >= MIN_WINDOW_BYTES && windowBytes <= MAX_WINDOW_BYTES))
    throw new RangeError(`windowBytes: expected ${MIN_WINDOW_BYTES} to ${MAX_WINDOW_BYTES}, got ${windowBytes}`)
  return { windowBytes, highWaterMarkBytes, clock }
}

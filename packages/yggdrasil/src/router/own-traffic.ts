import { PacketType, writeFrameHead } from '../wire/frame.js'
import { MAX_FRAME_BYTES } from '../wire/limits.js'
import { trafficHead } from '../wire/traffic.js'
import type { KnownPath } from './known-path.js'
import type { RouterCore } from './router-core.js'
import { scratch } from './scratch.js'

/**
 * Send a packet of ours along its path.
 * @returns `false` without a next hop
 */
export function sendOwn(core: RouterCore, path: KnownPath, payload: Uint8Array, nowMs: number): boolean {
  const { epoch } = core.hops
  if (path.epoch !== epoch) prepare(core, path, epoch)
  const { link, head } = path
  if (link === undefined || head === undefined) return false
  const bodyBytes = head.length + payload.length
  core.stats.sent++
  // What is too long for a frame because of its coordinates is lost, as any other packet may be. §3.2
  if (bodyBytes + 1 > MAX_FRAME_BYTES) return true
  const start = writeFrameHead(PacketType.traffic, bodyBytes, scratch, 0)
  scratch.set(head, start)
  scratch.set(payload, start + head.length)
  const frame = scratch.subarray(0, start + bodyBytes)
  if (!link.writeTraffic(frame, nowMs)) core.write(link, frame, core.options.publicKey, path.key, nowMs)
  return true
}

/** Everything in front of the payload stays the same as long as the tree does. */
function prepare({ hops, options }: RouterCore, path: KnownPath, epoch: number): void {
  path.epoch = epoch
  path.link = hops.find(path.path, Number.POSITIVE_INFINITY)
  path.head = trafficHead(path.path, hops.own, options.publicKey, path.key, hops.distance)
}

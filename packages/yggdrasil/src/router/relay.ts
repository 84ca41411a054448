import { encodeFrame, PacketType } from '../wire/frame.js'
import { encodePathBroken, encodePathNotify, type PathBroken, type PathNotify } from '../wire/pathfinder.js'
import type { RouterCore } from './router-core.js'

// Notifies and word of broken paths on their way to others: a step closer with each hop, or dropped. yggdrasil protocol §6

export function forwardNotify(core: RouterCore, notify: PathNotify, nowMs: number): void {
  const { hops } = core
  const link = hops.find(notify.path, Number(notify.watermark))
  if (link === undefined) return
  const body = encodePathNotify({ ...notify, watermark: BigInt(hops.distance) })
  core.write(link, encodeFrame(PacketType.pathNotify, body), notify.source, notify.dest, nowMs)
}

export function forwardBroken(core: RouterCore, broken: PathBroken, nowMs: number): void {
  const { hops } = core
  const link = hops.find(broken.path, Number(broken.watermark))
  if (link === undefined) return
  const body = encodePathBroken({ ...broken, watermark: BigInt(hops.distance) })
  core.write(link, encodeFrame(PacketType.pathBroken, body), broken.source, broken.dest, nowMs)
}

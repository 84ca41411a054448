import { keyOfId } from '../key.js'
import { portsOf } from '../wire/path.js'
import { UNKNOWN_LATENCY_MS } from './link-state.js'
import type { Pathfinder } from './pathfinder.js'
import type { RouterCore } from './router-core.js'
import type { PathInfo, RouterPeerInfo, RouterSizes, TreeInfo } from './types.js'

// What a router tells of itself.

export function treeInfo({ records, hops, selfId }: RouterCore): TreeInfo {
  const own = records.get(selfId)
  const root = records.ancestry(selfId).pop()
  return {
    root: keyOfId(root?.id ?? selfId),
    parent: keyOfId(own?.parentId ?? selfId),
    coordinates: portsOf(hops.own),
    seq: own?.seq ?? 0n,
    records: records.size,
  }
}

export function peerInfos({ neighbours, records }: RouterCore): RouterPeerInfo[] {
  return Array.from(neighbours.links, ({ link, neighbour, cost, latencyMs, proven, queue }) => ({
    linkId: link.id,
    publicKey: neighbour.key.slice(),
    port: neighbour.port,
    priority: link.priority,
    cost,
    ...(latencyMs === UNKNOWN_LATENCY_MS ? undefined : { latencyMs }),
    coordinates: portsOf(records.coordinates(neighbour.id)),
    onTree: neighbour.filters.onTree,
    proven,
    queuedBytes: queue.bytes,
  }))
}

export function pathInfos(pathfinder: Pathfinder): PathInfo[] {
  return Array.from(pathfinder.paths(), ({ key, path, seq, brokenMs, expiresMs }) => ({
    publicKey: key.slice(),
    coordinates: portsOf(path),
    seq,
    broken: brokenMs !== undefined,
    expiresMs,
  }))
}

export function routerSizes({ records, neighbours }: RouterCore, pathfinder: Pathfinder): RouterSizes {
  let [sent, queuedBytes] = [0, 0]
  for (const neighbour of neighbours.all) sent += neighbour.sent.size
  for (const { queue } of neighbours.links) queuedBytes += queue.bytes
  const { pathCount, rumorCount, keptBytes } = pathfinder
  return {
    links: neighbours.linkCount,
    records: records.size,
    paths: pathCount,
    rumors: rumorCount,
    sent,
    keptBytes,
    queuedBytes,
  }
}

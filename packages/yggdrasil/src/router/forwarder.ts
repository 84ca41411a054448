import { isKeyAt, KEY_BYTES, keyId } from '../key.js'
import { MAX_WATERMARK } from '../wire/limits.js'
import { scanTraffic, TrafficScan, writeForwardedTraffic } from '../wire/traffic.js'
import type { LinkState } from './link-state.js'
import type { Pathfinder } from './pathfinder.js'
import type { RouterCore } from './router-core.js'
import { scratch } from './scratch.js'

/** Traffic that arrives: for us, for others, or for nobody. yggdrasil protocol §4.10 */
export class Forwarder {
  readonly #core: RouterCore
  readonly #pathfinder: Pathfinder
  readonly #scan = new TrafficScan()

  constructor(core: RouterCore, pathfinder: Pathfinder) {
    this.#core = core
    this.#pathfinder = pathfinder
  }

  receive(received: Uint8Array, nowMs: number): void {
    const { options, limits, stats, hops } = this.#core
    const scan = this.#scan
    if (!scanTraffic(received, scan, limits.pathPorts)) {
      stats.dropped++
      return
    }
    const { body, sourceStart, destStart } = scan
    // First of all: while our coordinates change, what is for us may seem to belong elsewhere.
    if (isKeyAt(body, destStart, options.publicKey)) {
      stats.delivered++
      this.#pathfinder.heardFrom(body, sourceStart, nowMs)
      options.effects.deliver(body.subarray(sourceStart, destStart), body.subarray(scan.payloadStart), nowMs)
      return
    }
    const link = options.transit ? hops.find(body, scan.watermark) : undefined
    if (link === undefined) this.#report(nowMs)
    else this.#forward(link, hops.distance, nowMs)
  }

  #forward(link: LinkState, watermark: number, nowMs: number): void {
    const scan = this.#scan
    const frame = scratch.subarray(0, writeForwardedTraffic(scan, watermark, scratch, 0))
    this.#core.stats.forwarded++
    if (link.writeTraffic(frame, nowMs)) return
    const { body, sourceStart, destStart } = scan
    this.#core.stats.dropped += link.queue.push(frame.slice(), keyId(body, sourceStart), keyId(body, destStart))
  }

  #report(nowMs: number): void {
    const { body, fromStart, sourceStart, destStart, watermarkStart } = this.#scan
    this.#core.stats.undeliverable++
    const broken = {
      path: body.slice(fromStart, sourceStart),
      watermark: MAX_WATERMARK,
      source: body.slice(sourceStart, destStart),
      dest: body.slice(destStart, destStart + KEY_BYTES),
    }
    this.#pathfinder.reportBroken(broken, body.subarray(sourceStart, watermarkStart), nowMs)
  }
}

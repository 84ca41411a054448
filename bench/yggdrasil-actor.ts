import { Yggdrasil } from '@mimirjs/yggdrasil'
import { Traffic } from '../interop/yggdrasil/traffic.js'
import type { OverlayAnswer, OverlayCall, OverlayCalls } from './overlay/calls.js'
import { KernelStreams } from './overlay/kernel-streams.js'
import { residentMemory } from './overlay/memory-of.js'
import { OverlayStreams } from './overlay/overlay-streams.js'

// One node of ours, or many, in a process of their own: driven by messages from its parent.

let started: { node: Yggdrasil; traffic: Traffic; streams: OverlayStreams } | undefined
const kernel = new KernelStreams()
/** Beside the first one. */
const others: Yggdrasil[] = []

/** A benchmark asks for more at one time than strangers may. */
const LIMITS = {
  sessions: 10_000,
  notifiesPerSecond: 10_000,
  expectedInitsPerSecond: 10_000,
}

const calls: OverlayCalls = {
  async start(options) {
    const node = await Yggdrasil.start({ ...options, limits: LIMITS })
    const traffic = new Traffic(node)
    started = { node, traffic, streams: new OverlayStreams(node) }
    return { publicKey: Buffer.from(node.publicKey).toString('hex'), listening: node.listenAddresses }
  },
  async ping({ keys, timeoutMs, everyMs }) {
    return [...(await running().traffic.ping(keys.map(bytes), timeoutMs, everyMs))]
  },
  load: ({ key, run }) => running().traffic.load(bytes(key), run),
  async cpuMs() {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1000
  },
  memory: residentMemory,
  async more({ count, uri }) {
    for (let index = 0; index < count; index++) others.push(await Yggdrasil.start({ peers: [uri] }))
  },
  async gather({ count, uri }) {
    // Loaded here only: the processes that are measured run none of it.
    const { Crowd } = await import('./overlay/crowd.js')
    return (await Crowd.gather(count, uri)).keys
  },
  async serve({ over, host }) {
    return over === 'kernel' ? kernel.serve(host) : running().streams.serve()
  },
  async connect({ over, host, key, port }) {
    if (over === 'kernel') await kernel.connect(host, port)
    else await running().streams.connect(bytes(key), port)
  },
  async receive({ over, warmUpMs, durationMs }) {
    return (over === 'kernel' ? kernel : running().streams).measure(warmUpMs, durationMs)
  },
  async disconnect({ over }) {
    ;(over === 'kernel' ? kernel : running().streams).disconnect()
  },
}

function running(): NonNullable<typeof started> {
  if (started === undefined) throw new Error('not started')
  return started
}

function bytes(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, 'hex'))
}

process.on('message', ({ id, method, argument }: OverlayCall) => {
  const answer = (reply: OverlayAnswer): void => void process.send?.(reply)
  Promise.resolve()
    .then(() => (calls[method] as (argument: unknown) => Promise<unknown>)(argument))
    .then((result) => answer({ id, result }))
    .catch((error: unknown) => answer({ id, error: error instanceof Error ? String(error.stack) : String(error) }))
})
process.on('disconnect', () => process.exit(0))

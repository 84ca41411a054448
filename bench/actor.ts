import { setTimeout as sleep } from 'node:timers/promises'
import type { ActorCalls, AnswerMessage, CallMessage } from './lib/actor-calls.js'
import type { Channel } from './lib/stack.js'
import { STACKS, type StackName } from './stacks/index.js'

// A server or client process of a network benchmark: `actor.js STACK`, driven by messages from its parent.

const stack = await STACKS[process.argv[2] as StackName]()
const kept: Channel[] = []
let main: Channel | undefined

const calls: ActorCalls = {
  serve: () => stack.serve(),
  async open(address) {
    main = await stack.connect(address, 0)
  },
  flood(options) {
    if (main === undefined) throw new Error('flood before open')
    return main.flood(options)
  },
  async connects({ address, lanes, durationMs }) {
    const startMs = performance.now()
    let connections = 0
    const lane = async (index: number): Promise<void> => {
      while (performance.now() - startMs < durationMs) {
        const channel = await stack.connect(address, index)
        await channel.once()
        channel.reset()
        connections++
      }
    }
    await Promise.all(Array.from({ length: lanes }, (_, index) => lane(index)))
    return { connections, elapsedMs: performance.now() - startMs }
  },
  async opens({ address, durationMs }) {
    const untilMs = performance.now() + durationMs
    const tookMs: number[] = []
    do {
      const startMs = performance.now()
      const channel = await stack.connect(address, 0)
      tookMs.push(performance.now() - startMs)
      await channel.once()
      channel.reset()
      await channel.gone?.()
    } while (performance.now() < untilMs)
    return tookMs
  },
  async idle({ address, count, lanes }) {
    let opened = 0
    const lane = async (index: number): Promise<void> => {
      while (opened < count) {
        opened++
        const channel = await stack.connect(address, index)
        await channel.once()
        kept.push(channel)
      }
    }
    await Promise.all(Array.from({ length: lanes }, (_, index) => lane(index)))
  },
  async cpuMs() {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1000
  },
  async memory() {
    // Several turns and collections, so that finished handshakes and their native parts are really gone.
    for (let i = 0; i < 5; i++) {
      globalThis.gc?.()
      await sleep(40)
    }
    const { rss, heapUsed, external } = process.memoryUsage()
    return { residentBytes: rss, heapBytes: heapUsed, bufferBytes: external }
  },
}

process.on('message', (message: CallMessage) => {
  const answer = (reply: AnswerMessage): void => void process.send?.(reply)
  Promise.resolve()
    .then(() => (calls[message.method] as (argument: unknown) => Promise<unknown>)(message.argument))
    .then((result) => answer({ id: message.id, result }))
    .catch((error: unknown) =>
      answer({ id: message.id, error: error instanceof Error ? String(error.stack) : String(error) }),
    )
})
process.on('disconnect', () => process.exit(0))

import { Meter } from './meter.js'
import type { FloodOptions, FloodResult } from './stack.js'

/** Keep `depth` requests in flight with callbacks: `send` hands over one request and calls back with its end. */
export function floodByCallbacks(
  options: FloodOptions,
  send: (done: (error?: Error) => void) => void,
): Promise<FloodResult> {
  return new Promise((resolve, reject) => {
    const meter = new Meter(options)
    let inFlight = options.depth
    const done = (error?: Error): void => {
      if (error !== undefined) reject(error)
      else if (!meter.acknowledged(1)) send(done)
      else if (--inFlight === 0) resolve(meter.result)
    }
    for (let i = 0; i < options.depth; i++) send(done)
  })
}

/** Keep `depth` requests in flight with promises: as many loops as requests, each awaiting its own. */
export async function floodByPromises(options: FloodOptions, request: () => Promise<unknown>): Promise<FloodResult> {
  const meter = new Meter(options)
  const loop = async (): Promise<void> => {
    do await request()
    while (!meter.acknowledged(1))
  }
  await Promise.all(Array.from({ length: options.depth }, loop))
  return meter.result
}

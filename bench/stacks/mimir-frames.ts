import { FrameLink } from '@mimirjs/peer/frames'
import { tcp } from '@mimirjs/transport/tcp'
import { floodByCallbacks, floodByPromises } from '../lib/flood.js'
import type { Stack } from '../lib/stack.js'

const SMALL = new Uint8Array(100)

/** Our frame layer with opaque bodies, by its promises or by its callbacks. Authenticates nobody. */
export function mimirFramesStack(style: 'promises' | 'callbacks'): Stack {
  return {
    async serve() {
      const listener = await tcp().listen('tcp://127.0.0.1:0', {
        onStream: (stream) => {
          void new FrameLink(stream, {
            onRequest: (body) => {
              if (body.length === 0) throw new Error('a request without a body')
            },
          })
        },
      })
      return listener.address
    },
    async connect(address) {
      const link = new FrameLink(await tcp().dial(address))
      return {
        flood(options) {
          const body = new Uint8Array(options.bodyBytes).fill(0x61)
          return style === 'promises'
            ? floodByPromises(options, () => link.request(body))
            : floodByCallbacks(options, (done) => link.send(body, done))
        },
        once: () => link.request(SMALL),
        reset: () => link.close(),
      }
    },
  }
}

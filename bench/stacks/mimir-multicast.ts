import { createSigner, generateSeed } from '@mimirjs/crypto'
import { type MulticastLimits, MulticastNode, type MulticastSession } from '@mimirjs/multicast'
import { multicastUdp } from '@mimirjs/multicast/udp'
import type { ByteStream } from '@mimirjs/transport'
import { Meter } from '../lib/meter.js'
import { freePlace, LOOPBACK_NAME } from '../lib/multicast-place.js'
import { ROUND_TRIP_BYTES } from '../lib/multicast-sizes.js'
import { acknowledge, type Pipe, PipeChannel } from '../lib/pipe.js'
import type { Channel, FloodOptions, FloodResult, Stack } from '../lib/stack.js'

/** What is asked and what is answered: sealed anew each time. */
const PAYLOAD = new Uint8Array(ROUND_TRIP_BYTES)
const MANY = 1_000_000_000
/** Everything comes from one address and one peer here, which the defaults exist to prevent. */
const LIMITS: Partial<MulticastLimits> = {
  sessions: MANY,
  sessionsPerPeer: MANY,
  halfOpenPerPeer: MANY,
  signaturesPerSourcePerSecond: MANY,
  signaturesPerSourceBurst: MANY,
  signaturesPerSecond: MANY,
  responsesPerPeerPerSecond: MANY,
}

/** Our nodes over IPv4 groups of the loopback interface. `requests`: sessions and their requests; `streams`: the layer above. */
export function mimirMulticastStack(what: 'requests' | 'streams'): Stack {
  let dialling: Promise<MulticastNode> | undefined
  return {
    async serve() {
      const node = await openNode()
      if (what === 'streams') await node.streams.listen(node.address, { onStream: serveStream })
      else node.answer(() => PAYLOAD)
      return node.address
    },
    async connect(address) {
      dialling ??= openNode()
      const node = await dialling
      if (what === 'requests') return new SessionChannel(await node.connect(address))
      return new PipeChannel(streamPipe(await node.streams.dial(address)), 'plain')
    },
  }
}

function openNode(): Promise<MulticastNode> {
  return MulticastNode.open({
    signer: createSigner(generateSeed()),
    network: multicastUdp(),
    ...freePlace(),
    interface: LOOPBACK_NAME,
    policy: 'anybody',
    joinDelayMs: 0,
    limits: LIMITS,
  })
}

class SessionChannel implements Channel {
  readonly #session: MulticastSession

  constructor(session: MulticastSession) {
    this.#session = session
  }

  async flood(options: FloodOptions): Promise<FloodResult> {
    const meter = new Meter(options)
    do {
      const { length } = await this.#session.request(PAYLOAD)
      if (length !== ROUND_TRIP_BYTES) throw new Error(`an answer of ${length} bytes`)
    } while (!meter.acknowledged(1))
    return meter.result
  }

  async once(): Promise<void> {
    const { length } = await this.#session.request(PAYLOAD)
    if (length !== ROUND_TRIP_BYTES) throw new Error(`an answer of ${length} bytes`)
  }

  reset(): void {
    void this.#session.close()
  }
}

function serveStream(stream: ByteStream): void {
  acknowledge(streamPipe(stream), 'plain')
}

function streamPipe(stream: ByteStream): Pipe {
  return {
    write: (bytes) => void stream.write(bytes),
    writeAll: (chunks) => void stream.writeAll(chunks),
    onData: (data) => stream.start({ data, end: () => stream.end(), drain() {}, closed() {} }),
    reset: () => stream.abort(),
  }
}

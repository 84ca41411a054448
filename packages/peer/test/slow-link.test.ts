import { expect, test } from 'vitest'
import { concat, type Machine, message, readyPair } from './support/machine.js'

const FILE_BYTES = 10_000_000
/** What the system takes of a connection before it asks to stop. */
const SYSTEM_BYTES = 2_500_000

/** A link that carries so many bytes per second and has the system's buffer in front of it. */
class SlowLink {
  readonly #from: Machine
  readonly #to: Machine
  #buffered: Uint8Array = new Uint8Array(0)

  constructor(from: Machine, to: Machine) {
    this.#from = from
    this.#to = to
    from.throttle(1)
  }

  async second(byteLength: number): Promise<void> {
    this.#buffered = concat([this.#buffered, await this.#from.output()])
    if (this.#buffered.length > 0) this.#to.receive(this.#buffered.slice(0, byteLength))
    this.#buffered = this.#buffered.slice(byteLength)
    while (this.#from.session.isBlocked && this.#buffered.length < SYSTEM_BYTES) {
      this.#from.drain()
      this.#buffered = concat([this.#buffered, await this.#from.output()])
    }
  }
}

for (const generation of ['classic', 'overlay'] as const) {
  for (const bytesPerSecond of [20_000, 100_000]) {
    test(`${generation}: a file of 10 MB arrives at ${bytesPerSecond} bytes per second`, async () => {
      const { initiator, acceptor } = await readyPair({ generation })
      const link = new SlowLink(initiator, acceptor)
      const payload = new Uint8Array(FILE_BYTES)
      initiator.session.send({ ...message(1n), messageType: 3, payload }, initiator.nowMs)
      for (let second = 0; acceptor.of('message').length === 0; second++) {
        expect(initiator.session.state, `after ${second} s`).toBe('ready')
        expect(acceptor.session.state, `after ${second} s`).toBe('ready')
        await link.second(bytesPerSecond)
        initiator.receive(await acceptor.output())
        for (const machine of [initiator, acceptor]) machine.advance(1_000)
      }
      acceptor.session.acknowledge(1n)
      initiator.receive(await acceptor.output())
      expect(initiator.of('acknowledged')).toEqual([{ type: 'acknowledged', guid: 1n }])
    })
  }
}

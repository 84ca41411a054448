import { createSigner, type Signer } from '@mimirjs/crypto'
import { expect, test } from 'vitest'
import type { RendezvousPlatform } from '../../src/index.js'
import { NodeWorld, OPEN_DOOR, Reader } from '../support/node-world.js'

const CHAT = '{"type":"chat","id":"BwcHBwcHBwcHBwcHBwcHBw","ts":1,"text":"hello"}'

/** Answers 100 ms later, as keys do that are kept elsewhere. */
function slowSigner(fill: number, { clock }: NodeWorld): Signer {
  const signer = createSigner(new Uint8Array(32).fill(fill))
  return {
    publicKey: signer.publicKey,
    sign: (message) => new Promise((resolve) => clock.schedule(() => resolve(signer.sign(message)), 100)),
  }
}

/** Says all this right behind its bind, whatever it has heard of the other side. */
function eager(platform: RendezvousPlatform, said: readonly (string | Uint8Array<ArrayBuffer>)[]): RendezvousPlatform {
  return {
    canRestartIce: platform.canRestartIce,
    webSocket: (url, protocols) => platform.webSocket(url, protocols),
    createPeerConnection: async (config) => {
      const connection = await platform.createPeerConnection(config)
      const create = connection.createDataChannel.bind(connection)
      connection.createDataChannel = (label, init) => {
        const channel = create(label, init)
        const send = channel.send.bind(channel)
        channel.send = (data) => {
          send(data)
          if (typeof data === 'string' && data.includes('"bind"')) for (const one of said) send(one)
        }
        return channel
      }
      return connection
    },
  }
}

test('what somebody says before our bind is signed reaches whoever waits for the link', async () => {
  const world = new NodeWorld()
  const said = [CHAT, new Uint8Array([1, 2]), new Uint8Array([3])]
  const alice = await world.online(1, { ...OPEN_DOOR, signer: slowSigner(1, world) })
  const bob = await world.online(2, { ...OPEN_DOOR, platform: eager(world.memory.platform, said) })
  const texts: string[] = []
  const link = await world.settled(
    alice.connect(bob.publicKey).then((met) => {
      met.on('chat', ({ text }) => texts.push(text))
      return met
    }),
  )
  const reader = new Reader(link.stream)
  await world.until(() => reader.bytes.length === 3, 'the data')
  expect([texts, reader.bytes, link.state]).toEqual([['hello'], [1, 2, 3], 'open'])
})

// The STUN and TURN servers of an application, and its wish to use relays alone, reach WebRTC; nothing else does.
import { describe, expect, test } from 'vitest'
import type { PeerConnectionConfig, RendezvousPlatform } from '../src/rtc/types.js'
import { alice, bob, pemOf } from './legacy/support/accounts.js'
import { OriginalServer } from './legacy/support/original-server.js'
import { Scene } from './legacy/support/scene.js'
import { codeOf, NodeWorld, OPEN_DOOR } from './support/node-world.js'

const TURN = [
  { urls: ['turn:192.0.2.1', 'turns:192.0.2.1'], username: 'u', credential: 'c' },
  { urls: 'stun:192.0.2.2' },
]

/** The same platform, and what its connections were asked to use. */
function watched(platform: RendezvousPlatform): { platform: RendezvousPlatform; configs: PeerConnectionConfig[] } {
  const configs: PeerConnectionConfig[] = []
  return {
    configs,
    platform: {
      canRestartIce: true,
      webSocket: (url, protocols) => platform.webSocket(url, protocols),
      createPeerConnection: (config) => {
        configs.push(config)
        return platform.createPeerConnection(config)
      },
    },
  }
}

describe.each([
  ['by default none', {}, { iceServers: [], iceTransportPolicy: 'all' }],
  ['those given', { iceServers: TURN }, { iceServers: TURN, iceTransportPolicy: 'all' }],
  ['those given alone', { iceServers: TURN, isRelayOnly: true }, { iceServers: TURN, iceTransportPolicy: 'relay' }],
] as const)('%s', (_, { isRelayOnly, ...iceServers }: { iceServers?: typeof TURN; isRelayOnly?: true }, config) => {
  test('of a node, whoever offers', async () => {
    const world = new NodeWorld()
    const { platform, configs } = watched(world.memory.platform)
    const options = { ...OPEN_DOOR, ...iceServers, relayOnly: isRelayOnly, platform }
    const [ann, ben] = [await world.online(1, options), await world.online(2, options)]
    await world.settled(ann.connect(ben.publicKey))
    expect(configs).toEqual([config, config])
  })

  test('of a node of the original protocol', async () => {
    const scene = new Scene()
    const { platform, configs } = watched(scene.network)
    const servers = [scene.serve(new OriginalServer())]
    const { node } = scene.ours(alice, servers, { ...iceServers, isRelayOnly, platform })
    await scene.wait(0)
    const connecting = codeOf(node.connect(pemOf(bob)))
    await scene.wait(0)
    expect(configs).toEqual([config])
    await scene.close()
    expect(await connecting).toBe('closed')
  })
})

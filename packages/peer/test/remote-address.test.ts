import { describe, expect, test } from 'vitest'
import { addressGroup, channelAddress, dialBackAddress } from '../src/remote-address.js'
import { bob } from './support/keys.js'

describe('whom limits count as one', () => {
  test.each([
    ['tcp://127.0.0.1:1', 'tcp://127.0.0.1:65535', true],
    ['tcp://127.0.0.1:1', 'tcp://127.0.0.2:1', false],
    ['tcp://[300:1:2:3:4:5:6:7]:1', 'tcp://[300:1:2:3::1]:2', true],
    ['tcp://[300:1:2:3::1]:1', 'tcp://[300:1:2:4::1]:1', false],
    ['memory://a', 'memory://a', true],
    ['memory://a', 'memory://b', false],
    ['no address at all', 'no address at all', true],
    [`mp2p://${'ab'.repeat(32)}@224.0.224.1:1024`, `mp2p://${'ab'.repeat(32)}@[ff1e::1]:1025`, true],
    [`mp2p://${'ab'.repeat(32)}@224.0.224.1:1024`, `mp2p://${'ac'.repeat(32)}@224.0.224.1:1024`, false],
    [`rdv://${'ab'.repeat(32)}`, `ygg://${'ab'.repeat(32)}:42`, true],
    [`rdv://${'ab'.repeat(32)}`, `rdv://${'ac'.repeat(32)}`, false],
  ])('%s and %s: %s', (a, b, same) => expect(addressGroup(a) === addressGroup(b)).toBe(same))
})

describe('the end of a channel as bytes', () => {
  test('a key the network proves comes first', () => {
    expect(channelAddress('tcp://[300::1]:5', bob.publicKey)).toBe(bob.publicKey)
  })

  test('IPv6, node key in the host, nothing', () => {
    const bytes = channelAddress('tcp://[300::1]:5')
    expect([bytes.length, bytes[0], bytes[15]]).toEqual([16, 3, 1])
    expect(channelAddress(`ygg://${'ab'.repeat(32)}:1`)).toEqual(new Uint8Array(32).fill(0xab))
    expect(channelAddress(`mp2p://${'ab'.repeat(32)}@[ff1e::1]:1024`)).toEqual(new Uint8Array(32).fill(0xab))
    expect(channelAddress(`rdv://${'ab'.repeat(32)}`)).toEqual(new Uint8Array(32).fill(0xab))
    expect(channelAddress(`rdv://${'ab'.repeat(31)}`)).toHaveLength(0)
    expect(channelAddress('tcp://127.0.0.1:5')).toHaveLength(0)
    expect(channelAddress('memory://b')).toHaveLength(0)
  })
})

describe('where whoever dialled us is dialled', () => {
  test('at its node, on the port on which it reached us', () => {
    const [here, there] = ['ab', 'cd'].map((byte) => `ygg://${byte.repeat(32)}`)
    expect(dialBackAddress(`${there}:50000`, `${here}:42`)).toBe(`${there}:42`)
  })

  test('a node of multicast is where it listens', () => {
    const [here, there] = ['ab', 'cd'].map((byte) => `mp2p://${byte.repeat(32)}@224.0.224.1:1024`)
    expect(dialBackAddress(there!, here!)).toBe(there)
  })

  test('somebody met through rendezvous is their key', () => {
    const [here, there] = ['ab', 'cd'].map((byte) => `rdv://${byte.repeat(32)}`)
    expect(dialBackAddress(there!, here!)).toBe(there)
  })
})

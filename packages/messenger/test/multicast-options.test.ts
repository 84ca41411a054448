// What the option `multicast` may be: what is not understood puts nobody on a network, and is refused by name.
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createMulticastMemory } from '@mimirjs/multicast/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { Messenger, type MessengerOptions } from '../src/index.js'
import { multicastOptionsOf } from '../src/multicast-options.js'

const network = createMulticastMemory().network()

describe('the option `multicast`', () => {
  test.each<[unknown, string]>([
    ['lo', 'multicast: expected true, false or { interface, family, announce, port, network }, got "lo"'],
    ['', 'multicast: expected true'],
    [null, 'multicast: expected true'],
    [1, 'multicast: expected true'],
    [0, 'multicast: expected true'],
    [[], 'multicast: expected true'],
    [() => true, 'multicast: expected true'],
    [{ interfaces: 'lo' }, 'multicast.interfaces: there is no such option; there are interface, family'],
    [{ toString: 1 }, 'multicast.toString: there is no such option'],
    [{ interface: 5 }, 'multicast.interface: expected the name of a network interface or an address of one, got 5'],
    [{ interface: '' }, 'multicast.interface: expected'],
    [{ interface: null }, 'multicast.interface: expected'],
    [{ family: '6' }, 'multicast.family: expected 4 or 6, got "6"'],
    [{ family: 5 }, 'multicast.family: expected 4 or 6, got 5'],
    [{ announce: 'no' }, 'multicast.announce: expected true or false, got "no"'],
    [{ announce: 0 }, 'multicast.announce: expected true or false, got 0'],
    [{ port: 0 }, 'multicast.port: expected a whole number from 1 to 65535, got 0'],
    [{ port: 65_536 }, 'multicast.port: expected'],
    [{ port: 1.5 }, 'multicast.port: expected'],
    [{ port: '21070' }, 'multicast.port: expected'],
    [{ network: {} }, 'multicast.network: expected a MulticastNetwork'],
    [{ network: null }, 'multicast.network: expected a MulticastNetwork'],
  ])('%j is refused, and nothing is made', async (multicast, message) => {
    const parent = mkdtempSync(join(tmpdir(), 'mimirjs-multicast-'))
    onTestFinished(() => rmSync(parent, { recursive: true, force: true }))
    const folder = join(parent, 'ann')
    await expect(Messenger.open(folder, { multicast } as MessengerOptions)).rejects.toMatchObject({
      name: 'MessengerError',
      code: 'multicast',
      message: expect.stringContaining(message) as string,
    })
    expect(existsSync(folder)).toBe(false)
  })

  test.each<[unknown, object | undefined]>([
    [undefined, undefined],
    [false, undefined],
    [true, {}],
    [{}, {}],
    [{ interface: undefined, family: undefined }, {}],
    [
      { interface: 'lo', family: 6, announce: false, port: 1, network },
      { interface: 'lo', family: 6, announce: false, port: 1, network },
    ],
  ])('%j is taken', (given, options) => {
    expect(multicastOptionsOf(given)).toEqual(options)
  })
})

import type { NetworkInterfaceInfo } from 'node:os'
import { expect, test } from 'vitest'
import { isMulticastError } from '../../src/error.js'
import { chooseInterface, type InterfaceTable, prefixInterface } from '../../src/udp/interfaces.js'

const v4 = (address: string, prefix: number, internal = false): NetworkInterfaceInfo => ({
  family: 'IPv4',
  address,
  netmask: '',
  mac: '00:00:00:00:00:00',
  internal,
  cidr: `${address}/${prefix}`,
})
const v6 = (address: string, prefix: number, { internal = false, scopeid = 0 } = {}): NetworkInterfaceInfo => ({
  family: 'IPv6',
  address,
  netmask: '',
  mac: '00:00:00:00:00:00',
  internal,
  cidr: `${address}/${prefix}`,
  scopeid,
})

const TABLE: InterfaceTable = {
  lo: [v4('127.0.0.1', 8, true), v6('::1', 128, { internal: true })],
  tun0: [v6('fe80::5', 64, { scopeid: 4 })],
  eth0: [v4('192.0.2.7', 24), v4('192.0.2.8', 24), v6('fe80::7', 64, { scopeid: 2 }), v6('2001:db8:1:2::7', 64)],
  wlan0: [v4('198.51.100.3', 25), v6('fd00:1::3', 48)],
}

function failure(work: () => unknown): { code: string; message: string } {
  try {
    work()
  } catch (error) {
    if (isMulticastError(error)) return error
    throw error
  }
  throw new Error('it did not fail')
}

test('the automatic choice is the first that is not loopback and has an address of the family', () => {
  expect(chooseInterface(4, undefined, TABLE)).toEqual({
    name: 'eth0',
    address: '192.0.2.7',
    index: 2,
    cidrs: ['192.0.2.7/24', '192.0.2.8/24'],
  })
  expect(chooseInterface(6, undefined, TABLE)).toEqual({
    name: 'tun0',
    address: 'fe80::5',
    index: 4,
    cidrs: ['fe80::5/64'],
  })
})

test.each([
  [4, 'wlan0', 'wlan0', '198.51.100.3'],
  [4, 'lo', 'lo', '127.0.0.1'],
  [4, '127.0.0.1', 'lo', '127.0.0.1'],
  [4, '192.0.2.8', 'eth0', '192.0.2.7'],
  [6, 'fe80:0::7', 'eth0', 'fe80::7'],
  [6, 'fe80::7%eth0', 'eth0', 'fe80::7'],
  // An address of the other family names the interface all the same.
  [6, '192.0.2.7', 'eth0', 'fe80::7'],
  [6, '::1', 'lo', '::1'],
] as const)('an interface is chosen by name or address: IPv%d, %s', (family, wanted, name, address) => {
  expect(chooseInterface(family, wanted, TABLE)).toMatchObject({ name, address })
})

test.each(['eth1', 'ETH0', '', '192.0.2.9', '0.0.0.0', 'fe80::7%lo', 'toString', '__proto__', 'x'.repeat(300)])(
  'an interface that is not there is an error that names those there are: %s',
  (wanted) => {
    const { code, message } = failure(() => chooseInterface(4, wanted, TABLE))
    expect(code).toBe('bad-interface')
    // One that is down is not listed either.
    expect(message).toMatch(/a network interface that is up/)
    for (const name of Object.keys(TABLE)) expect(message).toContain(name)
    expect(message.length).toBeLessThan(500)
  },
)

test('an interface without the family says so and what to do', () => {
  const { code, message } = failure(() => chooseInterface(4, 'tun0', TABLE))
  expect(code).toBe('bad-interface')
  expect(message).toContain('tun0 has no IPv4 address')
  expect(failure(() => chooseInterface(6, 'v4', { v4: [v4('192.0.2.7', 24)] })).message).toContain('an IPv4 group')
})

test('a machine with nothing but loopback has no automatic choice', () => {
  const { lo } = TABLE
  expect(failure(() => chooseInterface(4, undefined, { lo })).message).toContain('not loopback')
  expect(failure(() => chooseInterface(4, undefined, {})).message).toContain('no interfaces')
})

test('a prefix comes from the first interface with a global network, unique local ones included', () => {
  expect(prefixInterface(undefined, TABLE)).toEqual({ name: 'eth0', cidr: '2001:db8:1:2::7/64' })
  expect(prefixInterface('wlan0', TABLE)).toEqual({ name: 'wlan0', cidr: 'fd00:1::3/48' })
  expect(prefixInterface('198.51.100.3', TABLE)).toEqual({ name: 'wlan0', cidr: 'fd00:1::3/48' })
})

test('a network on loopback is a prefix for whoever names it', () => {
  const table = { lo: [v6('::1', 128), { ...v6('2001:db8:2::1', 64), internal: true }] }
  expect(prefixInterface('lo', table)).toEqual({ name: 'lo', cidr: '2001:db8:2::1/64' })
  expect(failure(() => prefixInterface(undefined, table)).code).toBe('bad-interface')
})

test('link-local, loopback, multicast and IPv4 networks are no prefix', () => {
  const { lo, tun0 } = TABLE
  for (const table of [{ lo, tun0 }, { v4: [v4('192.0.2.7', 24)] }, { odd: [v6('ff02::1', 64)] }, {}]) {
    expect(failure(() => prefixInterface(undefined, table)).code).toBe('bad-interface')
  }
  expect(failure(() => prefixInterface('tun0', TABLE)).message).toContain('tun0')
})

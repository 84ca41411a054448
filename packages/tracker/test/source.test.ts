import { describe, expect, test } from 'vitest'
import { completeLimits } from '../src/limits.js'
import { classify, Sources } from '../src/source.js'

describe('where an address lies', () => {
  test.each([
    ['udp://127.0.0.1:5050', 'loopback'],
    ['udp://[::1]:5050', 'loopback'],
    ['udp://[::ffff:127.0.0.1]:5050', 'loopback'],
    ['udp://0.0.0.0:5050', 'any'],
    ['udp://[::]:5050', 'any'],
    ['udp://[200::1]:5050', 'overlay'],
    ['udp://[3ff:ffff::1]:5050', 'overlay'],
    ['udp://[400::1]:5050', 'public'],
    ['udp://[1ff::1]:5050', 'public'],
    ['udp://10.1.2.3:5050', 'private'],
    ['udp://172.16.0.1:5050', 'private'],
    ['udp://172.31.255.255:5050', 'private'],
    ['udp://172.32.0.1:5050', 'public'],
    ['udp://172.15.0.1:5050', 'public'],
    ['udp://192.168.1.1:5050', 'private'],
    ['udp://192.169.1.1:5050', 'public'],
    ['udp://169.254.1.1:5050', 'private'],
    ['udp://100.64.0.1:5050', 'private'],
    ['udp://100.128.0.1:5050', 'public'],
    ['udp://[fd00::1]:5050', 'private'],
    ['udp://[fc00::1]:5050', 'private'],
    ['udp://[fe80::1%eth0]:5050', 'private'],
    ['udp://[fec0::1]:5050', 'public'],
    ['udp://[::2]:5050', 'public'],
    ['udp://[2001:db8::1]:5050', 'public'],
    ['udp://192.0.2.1:5050', 'public'],
    ['udp://[::ffff:192.0.2.1]:5050', 'public'],
    ['memory://somebody', 'local'],
  ] as const)('%s is %s', (address, scope) => {
    expect(classify(address).scope).toBe(scope)
  })
})

describe('sources', () => {
  test('the /64 of an IPv6 address, the whole IPv4 address; ports do not matter', () => {
    const sources = new Sources(completeLimits())
    const of = (address: string) => sources.of({ address }, 0)
    expect(of('udp://[200:1:2:3::1]:1')).toBe(of('udp://[200:1:2:3:ffff::2]:2'))
    expect(of('udp://[200:1:2:3::1]:1')).not.toBe(of('udp://[200:1:2:4::1]:1'))
    expect(of('udp://192.0.2.1:1')).toBe(of('udp://192.0.2.1:65535'))
    expect(of('udp://192.0.2.1:1')).toBe(of('udp://[::ffff:192.0.2.1]:9'))
    expect(of('udp://192.0.2.1:1')).not.toBe(of('udp://192.0.2.2:1'))
    expect(of('memory://a')).not.toBe(of('memory://b'))
    expect(of('memory://a')).toBe(of('memory://a'))
  })

  test('a host that the transport already knows is not taken apart again', () => {
    const sources = new Sources(completeLimits())
    const first = sources.of({ host: '::ffff:192.0.2.1', address: 'udp://192.0.2.1:1' }, 0)
    expect(first?.key).toBe('192.0.2.1')
    expect(sources.of({ host: '::ffff:192.0.2.1', address: 'not asked for' }, 0)).toBe(first)
    expect(sources.of({ host: '192.0.2.1', address: 'udp://192.0.2.1:2' }, 0)).toBe(first)
  })

  test('a source that changes its address inside its /64 gains nothing', () => {
    const sources = new Sources(completeLimits({ getAddrsBurst: 5 }))
    let answered = 0
    for (let host = 1; host < 100; host++) {
      if (sources.of({ address: `udp://[200::${host.toString(16)}]:1` }, 0)?.getAddrs.take(0)) answered++
    }
    expect(answered).toBe(5)
  })
})

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromRecordAddress, toRecordAddress } from '../src/address.js'
import { overlayAddress } from './support.js'

describe('record addresses', () => {
  test('IPv6 both ways, in the canonical text', () => {
    expect(toRecordAddress('tcp://[200:0:0::1]:5050')).toEqual({ address: overlayAddress(1), port: 5050 })
    expect(fromRecordAddress({ address: overlayAddress(1), port: 5050 })).toBe('tcp://[200::1]:5050')
  })

  test('IPv4 is mapped, both ways', () => {
    const mapped = Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 192, 0, 2, 7])
    expect(toRecordAddress('tcp://192.0.2.7:1')).toEqual({ address: mapped, port: 1 })
    expect(toRecordAddress('tcp://[::ffff:192.0.2.7]:1')).toEqual({ address: mapped, port: 1 })
    expect(fromRecordAddress({ address: mapped, port: 1 })).toBe('tcp://192.0.2.7:1')
  })

  test('loopback is an address like any other', () => {
    expect(fromRecordAddress(toRecordAddress('tcp://[::1]:9'))).toBe('tcp://[::1]:9')
    expect(fromRecordAddress(toRecordAddress('tcp://127.0.0.1:9'))).toBe('tcp://127.0.0.1:9')
  })

  test('what cannot be dialed is not announced', () => {
    const refused = [
      'tcp://[::]:5050',
      'tcp://0.0.0.0:5050',
      'tcp://[200::1]:0',
      'tcp://[ff02::1]:5050',
      'tcp://224.0.0.1:5050',
      'tcp://255.255.255.255:5050',
      'tcp://[fe80::1%eth0]:5050',
      'tcp://example.org:5050',
      'udp://[200::1]:5050',
      'memory://name',
      'nonsense',
    ]
    for (const address of refused) {
      expect(() => toRecordAddress(address), address).toThrow(
        expect.objectContaining({ name: 'ResolverError', code: 'bad-address', blame: 'local' }),
      )
    }
  })

  test('what cannot be dialed is not handed out', () => {
    expect(fromRecordAddress({ address: new Uint8Array(16), port: 5050 })).toBeUndefined()
    expect(fromRecordAddress({ address: overlayAddress(1), port: 0 })).toBeUndefined()
    expect(fromRecordAddress({ address: new Uint8Array(16).fill(0xff), port: 5050 })).toBeUndefined()
  })

  test('what is handed out reads back as the same bytes', () => {
    const address = fc.uint8Array({ minLength: 16, maxLength: 16 })
    fc.assert(
      fc.property(address, fc.integer({ min: 1, max: 65535 }), (bytes, port) => {
        const text = fromRecordAddress({ address: bytes, port })
        if (text !== undefined) expect(toRecordAddress(text)).toEqual({ address: bytes, port })
      }),
      { seed: 51, numRuns: 300 },
    )
  })
})

import { describe, expect, test } from 'vitest'
import { isTransportError, TransportError } from '../src/index.js'
import { abortError, fromSystemError } from '../src/system-error.js'

describe('system errors', () => {
  test.each([
    ['ECONNREFUSED', 'refused', 'remote'],
    ['ECONNRESET', 'reset', 'transport'],
    ['EPIPE', 'reset', 'transport'],
    ['EADDRINUSE', 'address-in-use', 'local'],
    ['EACCES', 'denied', 'local'],
    ['ETIMEDOUT', 'timeout', 'timeout'],
    ['ENOTFOUND', 'unreachable', 'transport'],
    ['EMFILE', 'io', 'transport'],
    [undefined, 'io', 'transport'],
  ])('%s is %s, blame %s', (systemCode, code, blame) => {
    const cause = Object.assign(new Error('it failed'), systemCode && { code: systemCode })
    const error = fromSystemError(cause, 'dial tcp://host:1')
    expect(error).toMatchObject({ name: 'TransportError', code, blame, cause })
    expect(error.message).toContain('dial tcp://host:1')
    expect(error.message).toContain(systemCode ?? 'it failed')
  })

  test('an abort keeps a transport error and wraps any other', () => {
    const own = new TransportError('timeout', 'too slow')
    expect(abortError(own, 'stream')).toBe(own)
    const other = new Error('why')
    expect(abortError(other, 'stream')).toMatchObject({ code: 'aborted', cause: other, message: /why/ })
    expect(abortError(undefined, 'stream')).toMatchObject({ code: 'aborted', blame: 'local' })
  })

  test('an error of another copy of the package is recognised', () => {
    class TransportErrorElsewhere extends Error {
      override readonly name = 'TransportError'
    }
    expect(isTransportError(new TransportErrorElsewhere())).toBe(true)
    expect(isTransportError(new Error('x'))).toBe(false)
    expect(isTransportError({ name: 'TransportError' })).toBe(false)
  })
})

import { readFileSync } from 'node:fs'
import { MessengerError } from '@mimirjs/messenger'
import { StoreError } from '@mimirjs/store'
import { TransportError } from '@mimirjs/transport'
import { describe, expect, test } from 'vitest'
import { CliError } from '../src/error.js'
import { describeFailure, systemReason } from '../src/failure.js'

function systemError(): Error {
  try {
    readFileSync('/no/such/file')
  } catch (error) {
    return error as Error
  }
  throw new Error('the file exists')
}

function named(name: string, code: string, cause?: unknown): Error {
  return Object.assign(new Error(`${name} says ${code}`, { cause }), { name, code })
}

describe('a failure as one line', () => {
  test('our own', () => {
    expect(describeFailure(new CliError('bad-key', 'who?'))).toEqual({ code: 'bad-key', message: 'who?', exitCode: 2 })
  })

  test('of the system, in words', () => {
    expect(describeFailure(systemError())).toEqual(
      expect.objectContaining({ code: 'ENOENT', message: '/no/such/file: it does not exist (ENOENT)', exitCode: 5 }),
    )
    expect(systemReason(systemError())).toBe('it does not exist')
  })

  test('of a package, with what the system said', () => {
    const error = new MessengerError('store', 'cannot open it', { cause: systemError() })
    expect(describeFailure(error)).toEqual({
      code: 'store',
      message: 'cannot open it (it does not exist)',
      exitCode: 5,
    })
  })

  test('of a messenger, with what the store said', () => {
    const message = (cause: Error, says = 'it could not be stored'): string =>
      describeFailure(new MessengerError('store', says, { cause })).message
    const full = new StoreError('full', 'commit: no space left: make room and try again (database or disk is full)')
    expect(message(full)).toBe('it could not be stored: the disk is full')
    expect(message(full, `it was not accepted: ${full.message}`)).toBe(`it was not accepted: ${full.message}`)
    expect(message(new StoreError('io', 'disk I/O\n error'))).toBe('it could not be stored: disk I/O error')
    expect(message(new MessengerError('store', 'one before it'))).toBe('it could not be stored: one before it')
  })

  test('the exit code is that of the cause where the error itself has none', () => {
    const taken = new TransportError('address-in-use', 'taken')
    expect(describeFailure(new MessengerError('listen', 'cannot listen', { cause: taken }))).toHaveProperty(
      'exitCode',
      4,
    )
    expect(describeFailure(named('TrackerError', 'listen', taken))).toHaveProperty('exitCode', 4)
    expect(describeFailure(new MessengerError('listen', 'cannot listen'))).toHaveProperty('exitCode', 1)
  })

  test.each([
    ['MessengerError', 'in-use', 4],
    ['MessengerError', 'too-large', 2],
    ['MessengerError', 'blocked', 2],
    ['TrackerError', 'store-foreign', 5],
    ['TrackerError', 'store-in-use', 4],
    ['StoreError', 'corrupt', 5],
    ['CryptoError', 'key-file', 5],
    ['ResolverError', 'timeout', 1],
    ['MediatorServerError', 'store-in-use', 4],
    ['MediatorServerError', 'bus', 1],
    ['MessengerError', 'forbidden', 1],
    ['MessengerError', 'not-member', 1],
    ['MessengerError', 'unknown-group', 2],
    ['MediatorError', 'not-connected', 3],
    ['Error', 'in-use', 1],
  ])('%s %s: %d', (name, code, exitCode) => {
    expect(describeFailure(named(name, code))).toHaveProperty('exitCode', exitCode)
  })

  test('whatever is thrown, on one line', () => {
    expect(describeFailure(new Error('a\n   b\n'))).toEqual({ code: 'error', message: 'a b', exitCode: 1 })
    expect(describeFailure(new TypeError())).toHaveProperty('message', 'TypeError')
    expect(describeFailure('text')).toHaveProperty('message', 'text')
    expect(describeFailure(undefined)).toHaveProperty('message', 'undefined')
    const circle = new Error('round')
    circle.cause = circle
    expect(describeFailure(circle)).toHaveProperty('message', 'round')
  })
})

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  decodeNodeRecord,
  decodeTrackerRequest,
  decodeTrackerResponse,
  encodeNodeRecord,
  encodeTrackerRequest,
  encodeTrackerResponse,
  NODE_RECORD_BYTES,
  peekTrackerCommand,
  peekTrackerForm,
  type TrackerCommandName,
  type TrackerForm,
} from '../src/tracker/index.js'
import { codeOf } from './support/errors.js'
import { mutated } from './support/mutate.js'
import { bytes, USER_KEY } from './tracker-samples.js'

const FORMS: readonly TrackerForm[] = ['stream', 'v1', 'v2']
const COMMANDS: readonly TrackerCommandName[] = ['announce', 'getAddrs', 'ping']

const octets = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const u8 = fc.integer({ min: 0, max: 0xff })
const u32 = fc.integer({ min: 0, max: 0xffff_ffff })
const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
const record = fc.record({
  address: octets(32),
  signature: octets(64),
  priority: u8,
  clientId: u32,
  lifetimeMs: u64,
})
const requests = {
  announce: fc.record({
    nonce: u32,
    publicKey: octets(32),
    address: octets(32),
    signature: octets(64),
    priority: u8,
    clientId: u32,
  }),
  getAddrs: fc.record({ nonce: u32, publicKey: octets(32) }),
  ping: fc.record({ nonce: u32 }),
} as const
const responses = {
  announce: fc.record({ nonce: u32, ttlSeconds: u64 }),
  getAddrs: fc.record({ nonce: u32, records: fc.array(record, { maxLength: 5 }) }),
  ping: fc.record({ nonce: u32 }),
} as const

/** Sizes of tracker protocol §5 and §7. */
const REQUEST_BYTES: Readonly<Record<TrackerForm, Partial<Record<TrackerCommandName, number>>>> = {
  stream: { announce: 140, getAddrs: 39 },
  v1: { announce: 139, getAddrs: 38, ping: 38 },
  v2: { announce: 149, getAddrs: 40, ping: 6 },
}
const cases = FORMS.flatMap((form) =>
  COMMANDS.filter((command) => REQUEST_BYTES[form][command] !== undefined).map((command) => ({ form, command })),
)

function sample<T>(arbitrary: fc.Arbitrary<T>): T {
  return fc.sample(arbitrary, { seed: 5, numRuns: 1 })[0]!
}

function requestOf(form: TrackerForm, command: TrackerCommandName): Uint8Array {
  return encodeTrackerRequest(form, command, sample(requests[command]) as never)
}

function responseOf(form: TrackerForm, command: TrackerCommandName, response?: object): Uint8Array {
  return encodeTrackerResponse(form, command, (response ?? sample(responses[command])) as never)
}

describe.each(cases)('$command in $form', ({ form, command }) => {
  test('decode after encode is the identity, in the size of the protocol', () => {
    fc.assert(
      fc.property(requests[command], responses[command], (request, response) => {
        const asked = encodeTrackerRequest(form, command, request as never)
        expect(asked).toHaveLength(REQUEST_BYTES[form][command]!)
        expect(decodeTrackerRequest(form, command, asked)).toEqual(request)
        const answered = encodeTrackerResponse(form, command, response as never)
        expect(decodeTrackerResponse(form, command, answered)).toEqual(response)
      }),
      { seed: 1 },
    )
  })

  test('truncated at every offset', () => {
    const request = requestOf(form, command)
    for (let length = 0; length < request.length; length++) {
      expect(codeOf(() => decodeTrackerRequest(form, command, request.subarray(0, length)))).toBeDefined()
    }
    const response = responseOf(form, command)
    // An answer of the second version that ends behind its head says that nobody is known.
    const shortest = form === 'v2' && command === 'getAddrs' ? 5 : response.length
    for (let length = 0; length < response.length; length++) {
      const code = codeOf(() => decodeTrackerResponse(form, command, response.subarray(0, length)))
      if (length !== shortest) expect(code).toBeDefined()
    }
  })

  test('another version, opening or command is refused', () => {
    const request = requestOf(form, command)
    for (const at of form === 'stream' ? [0, 1, 6] : [0, 5]) {
      const other = request.slice()
      other[at] = 7
      expect(codeOf(() => decodeTrackerRequest(form, command, other))).toBe('unexpected-type')
    }
    const response = responseOf(form, command)
    response[4] = 7
    expect(codeOf(() => decodeTrackerResponse(form, command, response))).toBe('unexpected-type')
  })

  test('any bytes give a message that survives, or a WireError', () => {
    const seeds = [requestOf(form, command), responseOf(form, command)]
    fc.assert(
      fc.property(mutated(seeds), (input) => {
        const asked = attempt(() => decodeTrackerRequest(form, command, input))
        if (asked !== undefined) {
          const again = encodeTrackerRequest(form, command, asked)
          expect(decodeTrackerRequest(form, command, again)).toEqual(asked)
        }
        const answered = attempt(() => decodeTrackerResponse(form, command, input))
        if (answered !== undefined) {
          const again = encodeTrackerResponse(form, command, answered)
          expect(decodeTrackerResponse(form, command, again)).toEqual(answered)
        }
      }),
      { seed: 2, numRuns: 500 },
    )
  })

  test('the command is seen without decoding', () => {
    expect(peekTrackerCommand(form, requestOf(form, command))).toBe(command)
  })
})

describe('forms', () => {
  test('the version tells the form of a datagram', () => {
    expect([0, 1, 2, 3].map((version) => peekTrackerForm(Uint8Array.of(version)))).toEqual([
      undefined,
      'v1',
      'v2',
      undefined,
    ])
    expect(peekTrackerForm(new Uint8Array(0))).toBeUndefined()
    expect(peekTrackerCommand('v2', bytes('020102030403'))).toBeUndefined()
    expect(peekTrackerCommand('v2', bytes('0201020304'))).toBeUndefined()
  })

  test('streams know no ping', () => {
    expect(peekTrackerCommand('stream', bytes(`00010102030402${USER_KEY}`))).toBeUndefined()
    expect(codeOf(() => encodeTrackerRequest('stream', 'ping', { nonce: 1 }))).toBe('unexpected-type')
    expect(codeOf(() => decodeTrackerResponse('stream', 'ping', bytes('0102030402')))).toBe('unexpected-type')
  })

  test('an encoder refuses what does not fit', () => {
    const announce = sample(requests.announce)
    const wrong: [object, RegExp][] = [
      [{ nonce: -1 }, /out-of-range/],
      [{ nonce: 2 ** 32 }, /out-of-range/],
      [{ priority: 256 }, /out-of-range/],
      [{ clientId: 0.5 }, /out-of-range/],
      [{ publicKey: new Uint8Array(31) }, /length/],
      [{ address: new Uint8Array(16) }, /length/],
      [{ signature: new Uint8Array(65) }, /length/],
    ]
    for (const form of FORMS) {
      for (const [change, code] of wrong) {
        expect(codeOf(() => encodeTrackerRequest(form, 'announce', { ...announce, ...change }))).toMatch(code)
      }
      const records = Array.from({ length: 256 }, () => sample(record))
      expect(codeOf(() => encodeTrackerResponse(form, 'getAddrs', { nonce: 1, records }))).toBe('out-of-range')
      expect(codeOf(() => encodeTrackerResponse(form, 'announce', { nonce: 1, ttlSeconds: -1n }))).toBe('out-of-range')
    }
  })

  test('255 records go through, and take no longer than their bytes', () => {
    const records = fc.sample(record, { seed: 7, numRuns: 255 })
    for (const form of FORMS) {
      const answer = encodeTrackerResponse(form, 'getAddrs', { nonce: 1, records })
      expect(decodeTrackerResponse(form, 'getAddrs', answer).records).toEqual(records)
    }
  })

  test('a datagram of nothing but empty records is no burden', () => {
    const answer = new Uint8Array(65_000)
    answer.set(bytes('00000001010b01ff'))
    for (let at = 8; at < answer.length; at += 2) answer[at] = 0x0c
    expect(decodeTrackerResponse('v2', 'getAddrs', answer)).toEqual({ nonce: 1, records: [] })
  })

  test('works on a view that does not start its buffer', () => {
    for (const { form, command } of cases) {
      const request = requestOf(form, command)
      const padded = new Uint8Array(request.length + 6)
      padded.set(request, 3)
      const view = padded.subarray(3, 3 + request.length)
      expect(decodeTrackerRequest(form, command, view)).toEqual(decodeTrackerRequest(form, command, request))
    }
  })
})

test('one record alone', () => {
  const value = sample(record)
  const encoded = encodeNodeRecord(value)
  expect(encoded).toHaveLength(NODE_RECORD_BYTES)
  expect(decodeNodeRecord(encoded)).toEqual(value)
  expect(codeOf(() => decodeNodeRecord(encoded.subarray(1)))).toBe('truncated')
})

function attempt<T>(decode: () => T): T | undefined {
  let found: T | undefined
  codeOf(() => {
    found = decode()
  })
  return found
}

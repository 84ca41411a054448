import { describe, expect, test } from 'vitest'
import { Login, type LoginStep } from '../src/login.js'
import { NonceGuard } from '../src/nonces.js'
import { key } from './support/messages.js'
import { SessionBench } from './support/session-bench.js'

class LoginBench {
  readonly bench = new SessionBench('tlv-push')
  readonly guard = new NonceGuard({ keys: [key(1), key(9)], limit: 100, refuseNonce: undefined, logger: undefined })
  readonly login: Login

  constructor() {
    this.login = new Login(this.bench.session, {
      publicKey: key(1),
      signMs: 15_000,
      maxNonces: 32,
      mayBeSigned: (nonce) => this.guard.mayBeSigned(nonce),
    })
  }

  /** What the client asked, which has to be one thing. */
  asked(): { command: number; requestId: number } {
    const requests = this.bench.flush()
    expect(requests.length).toBe(1)
    return requests[0]!
  }

  receive(bytes: Uint8Array): (LoginStep | undefined)[] {
    return this.bench.receive(bytes).map((event) => this.login.step(event, this.bench.nowMs))
  }

  giveNonce(nonce: Uint8Array): (LoginStep | undefined)[] {
    const { command, requestId } = this.asked()
    expect(command).toBe(0x01)
    return this.receive(this.bench.answer(requestId, 'getNonce', { nonce }))
  }

  /** @param text - the refusal; `undefined`: it is granted */
  answerAuth(text?: string): (LoginStep | undefined)[] {
    this.login.signed(new Uint8Array(64))
    const { command, requestId } = this.asked()
    expect(command).toBe(0x02)
    return this.receive(
      text === undefined ? this.bench.answer(requestId, 'auth', {}) : this.bench.refuse(requestId, text),
    )
  }
}

describe('login', () => {
  test('GET_NONCE, signature, AUTH once', () => {
    const bench = new LoginBench()
    expect(bench.giveNonce(key(50))).toEqual([{ type: 'sign', nonce: key(50) }])
    expect(bench.bench.flush()).toEqual([])
    expect(bench.answerAuth()).toEqual([{ type: 'done' }])
    bench.login.signed(new Uint8Array(64))
    expect(bench.bench.flush()).toEqual([])
  })

  test.each(['unknown nonce', 'nonce mismatch'])('after "%s" it begins again, three times', (text) => {
    const bench = new LoginBench()
    for (let attempt = 0; attempt < 3; attempt++) {
      expect(bench.giveNonce(key(50 + attempt))).toMatchObject([{ type: 'sign' }])
      expect(bench.answerAuth(text)).toEqual([undefined])
    }
    bench.giveNonce(key(60))
    expect(bench.answerAuth(text)).toMatchObject([{ type: 'failed', isFatal: false, error: { code: 'auth' } }])
  })

  test('another refusal of AUTH is final when it is about us', () => {
    const refused = (text: string): (LoginStep | undefined)[] => {
      const bench = new LoginBench()
      bench.giveNonce(key(50))
      return bench.answerAuth(text)
    }
    expect(refused('invalid signature')).toMatchObject([{ type: 'failed', isFatal: true }])
    expect(refused('invalid pubkey')).toMatchObject([{ type: 'failed', isFatal: true }])
    expect(refused('db error')).toMatchObject([{ type: 'failed', isFatal: false, error: { code: 'server' } }])
    expect(refused('rate limit')).toMatchObject([{ type: 'failed', isFatal: false }])
  })

  test('never signs a key of ours, or of the mediator, nor a nonce twice', () => {
    const bench = new LoginBench()
    for (const nonce of [key(1), key(9)]) expect(bench.giveNonce(nonce)).toEqual([undefined])
    expect(bench.giveNonce(key(50))).toMatchObject([{ type: 'sign' }])
    expect(bench.answerAuth('unknown nonce')).toEqual([undefined])
    expect(bench.giveNonce(key(50))).toEqual([undefined])
    expect(bench.giveNonce(key(51))).toMatchObject([{ type: 'sign' }])
  })

  test('a mediator that gives one odd nonce after the other is left', () => {
    const bench = new LoginBench()
    for (let count = 1; count < 32; count++) expect(bench.giveNonce(key(1))).toEqual([undefined])
    expect(bench.giveNonce(key(1))).toMatchObject([{ type: 'failed', isFatal: false, error: { code: 'protocol' } }])
  })

  test('our own signer has its time', () => {
    const bench = new LoginBench()
    expect(bench.login.nextDeadlineMs).toBe(Number.POSITIVE_INFINITY)
    bench.giveNonce(key(50))
    expect(bench.login.nextDeadlineMs).toBe(bench.bench.nowMs + 15_000)
    expect(bench.login.tick(bench.bench.nowMs + 14_999)).toBeUndefined()
    expect(bench.login.tick(bench.bench.nowMs + 15_000)).toMatchObject({ type: 'failed', error: { code: 'timeout' } })
  })
})

describe('nonces', () => {
  test('the application may refuse more, and a judge that throws refuses', () => {
    const warned: object[] = []
    const logger = {
      debug: () => {},
      info: () => {},
      error: () => {},
      warn: (fields: object) => void warned.push(fields),
    }
    const refuseNonce = (nonce: Uint8Array): boolean => {
      if (nonce[0] === 8) throw new Error('broken')
      return nonce[0] === 7
    }
    const guard = new NonceGuard({ keys: [], limit: 2, refuseNonce, logger })
    expect(guard.mayBeSigned(key(7))).toBe(false)
    expect(guard.mayBeSigned(key(8))).toBe(false)
    expect(warned.length).toBe(1)
    expect(guard.mayBeSigned(new Uint8Array(31))).toBe(false)
    expect(guard.mayBeSigned(key(6))).toBe(true)
    expect(guard.mayBeSigned(key(6))).toBe(false)
  })

  test('remembers a bounded number', () => {
    const guard = new NonceGuard({ keys: [], limit: 2, refuseNonce: undefined, logger: undefined })
    for (const fill of [1, 2, 3]) expect(guard.mayBeSigned(key(fill))).toBe(true)
    expect(guard.mayBeSigned(key(3))).toBe(false)
    expect(guard.mayBeSigned(key(1))).toBe(true)
  })
})

import { isPoint } from '@mimirjs/crypto'
import { fromHex } from '@mimirjs/wire'
import { describe, expect, test } from 'vitest'
import {
  boundChallenge,
  type ChallengeKit,
  checkChallenge,
  IssuedChallenges,
  issueChallenge,
  SpareChallenge,
} from '../src/challenge.js'
import { alice, bob } from './support/keys.js'
import { boundChallenges } from './support/vectors.js'

const nowhere = { localAddress: new Uint8Array(0), remoteAddress: new Uint8Array(0) }
const kit = (random: (byteLength: number) => Uint8Array): ChallengeKit => ({
  localPublicKey: bob.publicKey,
  challenges: {},
  issued: new IssuedChallenges(),
  spare: new SpareChallenge(),
  isPoint,
  random,
})

describe('bound challenges', () => {
  for (const { name, role, challenge, ...recorded } of boundChallenges) {
    const verifier = fromHex(recorded.verifierKey)
    const signer = fromHex(recorded.signerKey)
    const verifierAddress = fromHex(recorded.verifierAddress)
    const signerAddress = fromHex(recorded.signerAddress)
    const nonce = fromHex(recorded.random)

    test(`${name}: as recorded`, () => {
      const made = boundChallenge(role, nonce, verifier, signer, { verifierAddress, signerAddress })
      expect(made).toEqual(fromHex(challenge))
    })

    test(`${name}: issued by one side, recognised by the other`, () => {
      const issuing = { ...kit(() => nonce), localPublicKey: verifier, challenges: { bound: true } }
      const made = issueChallenge(issuing, role, signer, {
        localAddress: verifierAddress,
        remoteAddress: signerAddress,
      })
      expect(made).toEqual(fromHex(challenge))
      const signing = { ...kit(() => nonce), localPublicKey: signer }
      const channel = { localAddress: signerAddress, remoteAddress: verifierAddress }
      expect(checkChallenge(signing, role, made, verifier, channel)).toBe(true)
      const otherRole = role === 2 ? 4 : 2
      expect(checkChallenge(signing, otherRole, made, verifier, channel)).toBe(false)
    })
  }
})

describe('random challenges', () => {
  test('are drawn until one is no curve point', () => {
    const draws = [alice.publicKey, bob.publicKey, new Uint8Array(32).fill(2)]
    expect(isPoint(draws[2]!)).toBe(false)
    const drawn = issueChallenge(
      kit(() => draws.shift()!),
      2,
      alice.publicKey,
      nowhere,
    )
    expect(drawn).toEqual(new Uint8Array(32).fill(2))
    expect(draws).toEqual([])
  })

  test('one is kept ready, and given out once', () => {
    let draws = 0
    const counting = kit(() => new Uint8Array(32).fill(2).fill(++draws, 4))
    const issue = () => issueChallenge(counting, 2, alice.publicKey, nowhere)
    counting.spare.prepare(counting)
    const drawn = draws
    expect(drawn).toBeGreaterThan(0)
    counting.spare.prepare(counting)
    expect(draws).toBe(drawn)
    const first = issue()
    expect(draws).toBe(drawn)
    expect(issue()).not.toEqual(first)
  })

  test('none is kept where challenges are bound', () => {
    const bound = { ...kit(() => expect.unreachable('drawn without need')), challenges: { bound: true } }
    bound.spare.prepare(bound)
  })

  test('a source that only gives points is broken, not waited for', () => {
    expect(() =>
      issueChallenge(
        kit(() => alice.publicKey),
        2,
        alice.publicKey,
        nowhere,
      ),
    ).toThrow(RangeError)
  })
})

import type { ChallengeAnswerFrame, ChallengeFrame, HelloFrame } from '@mimirjs/wire/peer'
import { sameBytes } from './bytes.js'
import { type Channel, checkChallenge, issueChallenge } from './challenge.js'
import { dataToken, type HandshakeWords } from './data/data-token.js'
import { PeerError } from './error.js'
import { checkClaim, type ProvenIdentity, proveIdentity } from './identity.js'
import type { SessionContext } from './session-context.js'
import type { Role } from './types.js'

type ChallengeType = ChallengeFrame['type']
type AnswerType = ChallengeAnswerFrame['type']

/** The byte that a bound challenge contains: its frame type. */
const ROLE_OF = { challenge: 2, challenge2: 4 } as const

/**
 * What a session knows and checks before READY, and drops then: claims, challenges, proofs and budgets. The order of the
 * steps is the session's business; each step here throws a {@link PeerError} when the other side fails it.
 */
export class Handshake {
  readonly startedMs: number
  /** The proof of the other side, once it was given. */
  proof: ProvenIdentity | undefined = undefined
  /** An INFO_REQUEST that came before it may be answered: its seconds. */
  infoRequest: bigint | undefined = undefined
  /** The challenge we were given names both identities and the addresses that we see: it is of use nowhere else. */
  challengeBound = false
  /** And those addresses are known, so nobody sits in between. */
  channelBound = false
  readonly #context: SessionContext
  readonly #channel: Channel
  /** The identity that has to prove itself: wanted by an initiator, claimed to an acceptor. */
  #claimed: Uint8Array | undefined
  /** Ours, not answered yet. */
  #challenge: Uint8Array | undefined = undefined
  /** What was said so far, where data streams are tied to it. */
  readonly #words: Partial<Record<keyof HandshakeWords, Uint8Array>> | undefined
  #bytes = 0
  #frames = 0

  constructor(context: SessionContext, channel: Channel, wanted: Uint8Array | undefined, startedMs: number) {
    this.#context = context
    this.#channel = channel
    this.#claimed = wanted
    this.startedMs = startedMs
    this.#words = context.profile.streams === 'roles' ? {} : undefined
  }

  /** The identity that has to prove itself. */
  get claimed(): Uint8Array {
    if (this.#claimed === undefined) throw new RangeError('nobody has claimed an identity')
    return this.#claimed
  }

  countBytes(byteLength: number): void {
    this.#bytes += byteLength
  }

  /**
   * One more frame was read, or the one that is coming is not whole.
   * @param behindBytes - read as well, but behind the frame: they may already belong to READY
   */
  checkBudget(isWhole: boolean, behindBytes: number): void {
    const { handshakeBytes, handshakeFrames } = this.#context.limits
    if (isWhole && ++this.#frames > handshakeFrames) {
      throw new PeerError('limit', `more than ${handshakeFrames} frames before READY`)
    }
    if (this.#bytes - behindBytes > handshakeBytes) {
      throw new PeerError('limit', `more than ${handshakeBytes} bytes before READY`)
    }
  }

  hello(): HelloFrame {
    const { localPublicKey: publicKey, clientId, profile } = this.#context
    const { localAddress } = this.#channel
    const hello: HelloFrame = { type: 'hello', version: 1, publicKey, receiver: this.claimed, clientId }
    const namesAddress = profile.helloAddress && localAddress.length === 16 && localAddress[0] === 3
    return namesAddress ? { ...hello, address: localAddress } : hello
  }

  /** @throws {PeerError} `wrong-receiver` | `self` | `key` | `address` */
  takeHello(hello: HelloFrame): void {
    const { localPublicKey } = this.#context
    if (!sameBytes(hello.receiver, localPublicKey)) throw new PeerError('wrong-receiver', 'HELLO is for somebody else')
    if (sameBytes(hello.publicKey, localPublicKey)) throw new PeerError('self', 'HELLO claims our own identity')
    checkClaim(hello.publicKey)
    this.#checkAddress(hello)
    this.#claimed = hello.publicKey.slice()
  }

  /** An original behind a /64 of somebody else's node names its own address there: it has to be of that /64. */
  #checkAddress({ address }: HelloFrame): void {
    if (address === undefined || !this.#context.profile.helloAddress) return
    const seen = this.#channel.remoteAddress
    const fits = address.length === 16 && seen.length === 16 && sameBytes(address.subarray(1, 8), seen.subarray(1, 8))
    if (!fits) throw new PeerError('address', 'the address in HELLO is not of the network the connection came from')
  }

  /** A fresh challenge for the other side. */
  issue(type: ChallengeType): ChallengeFrame {
    const data = issueChallenge(this.#context, ROLE_OF[type], this.claimed, this.#channel)
    this.#challenge = data
    this.#note(type, data)
    this.#context.issued.add(data)
    return { type, data }
  }

  /** A challenge for us: a copy of what we may sign. @throws {PeerError} `challenge-refused` | `handler` */
  takeChallenge(type: ChallengeType, data: Uint8Array): Uint8Array {
    const challenge = data.slice()
    this.#note(type, challenge)
    this.challengeBound = checkChallenge(this.#context, ROLE_OF[type], challenge, this.claimed, this.#channel)
    const { localAddress, remoteAddress } = this.#channel
    this.channelBound = this.challengeBound && localAddress.length > 0 && remoteAddress.length > 0
    return challenge
  }

  /** The answer to our challenge. @throws {PeerError} `bad-signature` | `key` */
  takeAnswer(type: AnswerType, signature: Uint8Array): void {
    const challenge = this.#challenge
    if (challenge === undefined) throw new RangeError('no challenge is open')
    this.abandon()
    if (this.#words !== undefined) this.#note(type, signature.slice())
    this.proof = proveIdentity(this.claimed, challenge, signature, this.#context)
  }

  /** Our answer to the challenge of the other side. */
  answer(type: AnswerType, signature: Uint8Array): ChallengeAnswerFrame {
    this.#note(type, signature)
    return { type, signature }
  }

  /** What ties data streams to this connection; only when all was said. */
  dataToken(role: Role): Uint8Array {
    const { challenge, challengeAnswer, challenge2, challengeAnswer2 } = this.#words ?? {}
    if (!challenge || !challengeAnswer || !challenge2 || !challengeAnswer2) throw new RangeError('not all was said yet')
    const { localPublicKey } = this.#context
    const [initiator, acceptor] = role === 'initiator' ? [localPublicKey, this.claimed] : [this.claimed, localPublicKey]
    return dataToken(initiator, acceptor, { challenge, challengeAnswer, challenge2, challengeAnswer2 })
  }

  #note(type: keyof HandshakeWords, word: Uint8Array): void {
    if (this.#words !== undefined) this.#words[type] = word
  }

  /** No answer will be accepted any more. */
  abandon(): void {
    if (this.#challenge !== undefined) this.#context.issued.delete(this.#challenge)
    this.#challenge = undefined
  }
}

import { YggdrasilError } from '../error.js'
import { KEY_BYTES, type KeyId, keyId } from '../key.js'
import { decodeAnnounce } from '../wire/announce.js'
import { encodeFrame, PacketType } from '../wire/frame.js'
import {
  decodeSigReq,
  decodeSigRes,
  encodeSigReq,
  encodeSigRes,
  type SigReq,
  type SigRes,
  signedParentBytes,
} from '../wire/signature.js'
import { Announcement, badSignature, checkAnnounce, supersedes } from './announcement.js'
import type { Checks } from './checks.js'
import { flood } from './flood.js'
import type { LinkState } from './link-state.js'
import type { Neighbour } from './neighbour.js'
import type { Neighbours } from './neighbours.js'
import { chooseParent } from './parent-choice.js'
import type { Records } from './records.js'
import type { Ticker } from './ticker.js'
import type { RouterOptions, RouterStats } from './types.js'

/** Our own announcement is made anew after so long. yggdrasil protocol §4.7 */
const REFRESH_MS = 240_000

/** A parent that says another port each time makes us announce no more often than this. */
const PORT_CHANGE_MS = 5000
/** A child that was given another port may go on with the old one for so long. */
const MISPLACED_MS = 3000

/**
 * What an announcement that we have already takes of the limit: it costs no verification, and who opens another link
 * repeats everything, which may be a lot.
 */
const KNOWN_TOKENS = 0.1

export interface TreeContext {
  readonly options: RouterOptions
  readonly records: Records
  readonly neighbours: Neighbours
  readonly stats: RouterStats
  readonly checks: Checks
  /** The remote of this link answered a nonce of ours. */
  readonly proven: (link: LinkState, nowMs: number) => void
  /** Told of what is worth a tick. */
  readonly ticker: Ticker
}

/** Our place in the spanning tree: signatures of possible parents, announcements, and the choice. yggdrasil protocol §4 */
export class Tree {
  readonly #context: TreeContext
  readonly #key: Uint8Array
  readonly #selfId: KeyId
  #refreshAtMs = Number.POSITIVE_INFINITY
  /** Our announcement has to be made anew. */
  #refresh = false
  /** No parent: one tick of grace, then root. */
  #root1 = false
  #root2 = true
  #gossipVersion = ''
  #portChangeAtMs = Number.NEGATIVE_INFINITY

  constructor(context: TreeContext) {
    this.#context = context
    this.#key = context.options.publicKey
    this.#selfId = keyId(this.#key)
  }

  /** Our own announcement; there is one after the first tick. */
  get own(): Announcement | undefined {
    return this.#context.records.get(this.#selfId)
  }

  /** Send the current request (again), or a first one: it is always answered. */
  ask(link: LinkState, nowMs: number, request: SigReq = link.request ?? this.#newRequest()): void {
    link.asked(request, nowMs)
    link.writeControl(encodeFrame(PacketType.sigReq, encodeSigReq(request)), nowMs)
  }

  /** Sign that the neighbour may be our child. */
  receiveRequest(link: LinkState, body: Uint8Array, nowMs: number): void {
    if (!link.requests.take(nowMs)) throw flood('signature requests')
    const { seq, nonce } = decodeSigReq(body)
    const { key, port: number } = link.neighbour
    const port = BigInt(number)
    const psig = this.#context.options.sign(signedParentBytes(key, this.#key, seq, nonce, port))
    link.writeControl(encodeFrame(PacketType.sigRes, encodeSigRes({ seq, nonce, port, psig })), nowMs)
  }

  receiveResponse(link: LinkState, body: Uint8Array, nowMs: number): void {
    if (!link.responses.take(nowMs)) throw flood('signature responses')
    const response = decodeSigRes(body)
    const { seq, nonce, port, psig } = response
    // An announcement with it would be invalid, and cost us all our links.
    if (port === 0n) throw new YggdrasilError('malformed', 'sigRes: port 0 is the port of roots only')
    const { neighbour, request, responded } = link
    const isCurrent = request?.nonce === nonce && request.seq === seq
    // What answers nothing, or something that was answered, changes nothing: it is not worth a check.
    if (isCurrent ? responded : link.proven || !link.knows(nonce)) return
    this.#context.stats.verifications++
    const signed = signedParentBytes(this.#key, neighbour.key, seq, nonce, port)
    if (!this.#context.options.verify(psig, signed, neighbour.key)) throw badSignature('sigRes: the signature')
    if (!link.proven) this.#context.proven(link, nowMs)
    if (!isCurrent) return
    neighbour.response ??= response
    link.measured(nowMs - link.requestedMs)
    neighbour.chooseLink()
    this.#context.neighbours.version++
    if (this.#isNews(neighbour)) this.#context.ticker.soon(nowMs)
  }

  receiveAnnounce(link: LinkState, body: Uint8Array, nowMs: number): void {
    const stored = body.length < KEY_BYTES ? undefined : this.#context.records.get(keyId(body))
    if (stored?.isBody(body)) {
      if (!link.announces.take(nowMs, KNOWN_TOKENS)) throw flood('announces')
      if (link.proven) link.neighbour.sent.add(stored.id)
      return
    }
    if (!link.announces.take(nowMs)) throw flood('announces')
    this.#context.checks.submit(link, body, this.#judge, nowMs)
  }

  readonly #judge = (link: LinkState, body: Uint8Array, nowMs: number): void => {
    const { records, stats, options } = this.#context
    const { neighbour } = link
    const announce = decodeAnnounce(body)
    const record = new Announcement(announce)
    const stored = records.get(record.id)
    if (stored !== undefined && !supersedes(record, stored)) {
      neighbour.sent.add(record.id)
      // It is behind the times, and only the one that sent it has to know. If neither is better, both keep what they
      // have: an answer would be answered, for ever.
      if (supersedes(stored, record)) link.writeControl(stored.frame, nowMs)
      return
    }
    stats.verifications += 2
    checkAnnounce(announce, options.verify)
    if (!records.accept(record, nowMs, neighbour.id)) return
    stats.announcements++
    neighbour.sent.add(record.id)
    if (record.id === this.#selfId) {
      // From before we restarted: it has to be outbidden, with a parent at once if one signs in time.
      this.#refresh = true
      this.#ownChanged(nowMs)
    }
    if (record.id === neighbour.id && this.#isNews(neighbour)) this.#context.ticker.soon(nowMs)
  }

  /** Let the neighbours know what they need: the ways to the root, ours and their own, from the root down. §4.6 */
  gossip(nowMs: number): void {
    const { records, neighbours } = this.#context
    const version = `${records.version},${neighbours.version}`
    if (version === this.#gossipVersion) return
    this.#gossipVersion = version
    const own = records.ancestry(this.#selfId)
    for (const neighbour of neighbours.all) {
      if (neighbour.best === undefined) continue
      tell(neighbour, own, nowMs)
      tell(neighbour, records.ancestry(neighbour.id), nowMs)
    }
  }

  /** The same for a link that has just been proven. */
  greet(link: LinkState, nowMs: number): void {
    const { records } = this.#context
    // Other links of the same neighbour may have lost some of it when they broke.
    for (const id of link.neighbour.sent) {
      const record = records.get(id)
      if (record !== undefined) link.writeControl(record.frame, nowMs)
    }
    tell(link.neighbour, records.ancestry(this.#selfId), nowMs)
  }

  /** @param isRegular - of the ticks that come every second: only they count for the grace before we become root */
  maintain(nowMs: number, isRegular: boolean): void {
    const { records, neighbours } = this.#context
    if (isRegular) this.#root2 ||= this.#root1
    if (nowMs >= this.#refreshAtMs) this.#refresh = true
    const { own } = this
    if (own === undefined) {
      this.#becomeRoot(nowMs)
      return
    }
    this.#followParent(own, nowMs)
    this.#cutMisplaced(nowMs)
    const { parentId, rootId } = chooseParent(own, records, neighbours, this.#refresh)
    if (!this.#refresh && !this.#root1 && !this.#root2 && parentId === own.parentId) return
    const parent = rootId === this.#selfId ? undefined : neighbours.get(parentId)
    if (parent?.response !== undefined && this.#join(parent, parent.response, nowMs)) return
    if (this.#root2) this.#becomeRoot(nowMs)
    else this.#root1 = true
  }

  /**
   * A parent that was started anew has given our port to somebody else, perhaps. When its link was away for less than a
   * tick nothing but its answer tells.
   */
  #followParent(own: Announcement, nowMs: number): void {
    const response = this.#context.neighbours.get(own.parentId)?.response
    if (response === undefined || response.port === own.port || nowMs < this.#portChangeAtMs) return
    this.#portChangeAtMs = nowMs + PORT_CHANGE_MS
    this.#refresh = true
  }

  /** Not all nodes do that: what goes on with a port from our former life is cut, and finds its place when it comes back. */
  #cutMisplaced(nowMs: number): void {
    const { records, neighbours } = this.#context
    for (const neighbour of neighbours.all) {
      const record = records.get(neighbour.id)
      if (record?.parentId !== this.#selfId || record.port === BigInt(neighbour.port)) {
        neighbour.misplacedSinceMs = undefined
        continue
      }
      neighbour.misplacedSinceMs ??= nowMs
      if (nowMs - neighbour.misplacedSinceMs < MISPLACED_MS) continue
      neighbour.misplacedSinceMs = undefined
      const text = `it goes on as our port ${record.port} and is our port ${neighbour.port}: it has to join anew`
      for (const { link } of [...neighbour.links]) link.close(new YggdrasilError('link', text))
    }
  }

  #join(parent: Neighbour, response: SigRes, nowMs: number): boolean {
    const { seq, nonce, port, psig } = response
    const sig = this.#context.options.sign(signedParentBytes(this.#key, parent.key, seq, nonce, port))
    const record = new Announcement({ key: this.#key, parent: parent.key, seq, nonce, port, psig, sig })
    if (!this.#context.records.accept(record, nowMs)) return false
    this.#settled(nowMs)
    return true
  }

  #becomeRoot(nowMs: number): void {
    const { seq, nonce } = this.#newRequest()
    const sig = this.#context.options.sign(signedParentBytes(this.#key, this.#key, seq, nonce, 0n))
    const root = { key: this.#key, parent: this.#key, seq, nonce, port: 0n, psig: sig, sig }
    this.#context.records.accept(new Announcement(root), nowMs)
    this.#settled(nowMs)
  }

  /** Our announcement was made anew. */
  #settled(nowMs: number): void {
    this.#root1 = false
    this.#root2 = false
    this.#refresh = false
    this.#ownChanged(nowMs)
  }

  /** All signatures collected so far are for an earlier number: collect new ones. */
  #ownChanged(nowMs: number): void {
    this.#refreshAtMs = nowMs + REFRESH_MS
    for (const neighbour of this.#context.neighbours.all) {
      neighbour.response = undefined
      for (const link of neighbour.links) this.ask(link, nowMs, this.#newRequest())
    }
  }

  #newRequest(): SigReq {
    return { seq: BigInt.asUintN(64, (this.own?.seq ?? 0n) + 1n), nonce: this.#context.options.random64() }
  }

  /** It could get us off our own root, or it has become our child: nobody should wait a second for that. */
  #isNews(neighbour: Neighbour): boolean {
    const { records } = this.#context
    if (neighbour.best === undefined) return false
    if (!neighbour.filters.onTree && records.get(neighbour.id)?.parentId === this.#selfId) return true
    if ((!this.own?.isRoot && !this.#refresh) || neighbour.response === undefined) return false
    const root = records.ancestry(neighbour.id).pop()
    return root !== undefined && root.id < this.#selfId
  }
}

/** @param way - to the root; it is told from there, so that every record comes after its parent's */
function tell(neighbour: Neighbour, way: readonly Announcement[], nowMs: number): void {
  for (let index = way.length - 1; index >= 0; index--) {
    const { id, frame } = way[index]!
    if (neighbour.sent.has(id)) continue
    neighbour.sent.add(id)
    neighbour.writeProven(frame, nowMs)
  }
}

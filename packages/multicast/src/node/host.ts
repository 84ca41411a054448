import type { Signer } from '@mimirjs/crypto'
import { formatMulticastAddress } from '../address/index.js'
import { describe } from '../describe.js'
import { MulticastError } from '../error.js'
import type { Answer, MachineHost, MachineSession, PeerAddress, Place } from '../machine/index.js'
import type { NodeEngine } from './engine.js'
import type { MulticastSocket } from './network.js'
import { Places } from './places.js'
import type { RequestHandler } from './types.js'

/** What the machine asks for and tells, from inside calls of it. */
export class NodeHost implements MachineHost {
  readonly #engine: NodeEngine
  readonly #signer: Signer
  readonly #socket: MulticastSocket
  readonly #places: Places

  constructor(engine: NodeEngine, signer: Signer, socket: MulticastSocket) {
    this.#engine = engine
    this.#signer = signer
    this.#socket = socket
    this.#places = new Places(socket)
  }

  send(bytes: Uint8Array, to: Place, isRare = false): void {
    const socket = this.#socket
    try {
      const peer = this.#places.peer(to)
      if (isRare && socket.sendTelling !== undefined)
        socket.sendTelling(bytes, peer, (error) => this.#engine.sendFailures.note(to, error))
      else socket.send(bytes, peer)
    } catch (error) {
      // In the mode `original` strangers declare what they like, port 0 too: a packet lost.
      this.#engine.logger?.debug({ error }, 'multicast: a packet could not be sent')
    }
  }

  sign(message: Uint8Array, done: (signature: Uint8Array | undefined) => void): void {
    const signature = this.#signature(message)
    if (signature === undefined || signature instanceof Uint8Array) done(signature)
    else void this.#signLater(signature, done)
  }

  randomBytes(sizeBytes: number): Uint8Array {
    return this.#engine.randomBytes(sizeBytes)
  }

  peer(peer: PeerAddress): void {
    const publicKey = peer.publicKey.slice()
    this.#engine.emitter.emit('peer', { publicKey, address: formatMulticastAddress({ ...peer, publicKey }) })
  }

  /** Told when its first message turns out to be for programs: sessions that carry streams are nobody else's. */
  session(): void {}

  claims(session: MachineSession, payload: Uint8Array): boolean {
    try {
      return this.#engine.carriers.take(session, payload)
    } catch (error) {
      this.#engine.report(error)
      return true
    }
  }

  message(session: MachineSession, payload: Uint8Array, answer: Answer): void {
    const engine = this.#engine
    const isNew = !engine.sessions.has(session)
    const wrapped = engine.wrap(session)
    if (isNew) engine.emitter.emit('session', wrapped)
    try {
      if (wrapped.deliver(payload)) return
      // What comes without being asked for on a session of ours is the answer to a copy of a request: an original responder
      // answers each copy anew. A handler that answered it would be answered, without end.
      if (engine.handler === undefined || session.role === 'initiator') {
        engine.unread++
        return
      }
      const result = engine.handler(payload, wrapped)
      if (result instanceof Uint8Array) answer.send(result)
      else if (isPromise(result)) void this.#answerLater(result, answer)
      else if (result !== undefined) answer.send(requireAnswer(result))
    } catch (error) {
      engine.report(error)
    }
  }

  closed(session: MachineSession, error?: MulticastError): void {
    this.#engine.sessionClosed(session, error)
  }

  #signature(message: Uint8Array): Uint8Array | Promise<Uint8Array> | undefined {
    try {
      return this.#signer.sign(message)
    } catch (error) {
      this.#engine.report(error)
      return undefined
    }
  }

  async #signLater(signing: Promise<Uint8Array>, done: (signature: Uint8Array | undefined) => void): Promise<void> {
    const signature = await signing.catch((error: unknown) => this.#engine.report(error))
    done(signature ?? undefined)
    this.#engine.look()
  }

  async #answerLater(result: Promise<Uint8Array | undefined>, answer: Answer): Promise<void> {
    try {
      const payload = await result
      if (payload === undefined || !this.#engine.isOpen) return
      answer.send(requireAnswer(payload))
      this.#engine.look()
    } catch (error) {
      this.#engine.report(error)
    }
  }
}

function isPromise(result: ReturnType<RequestHandler>): result is Promise<Uint8Array | undefined> {
  return typeof result === 'object' && result !== null && 'then' in result
}

/** Whoever writes JavaScript may return anything. */
function requireAnswer(result: Uint8Array): Uint8Array {
  if (result instanceof Uint8Array) return result
  const text = `answer: expected the handler to return a Uint8Array, undefined or a promise of them, got ${describe(result)}`
  throw new MulticastError('misuse', text)
}

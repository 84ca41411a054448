import type { DatagramSocket } from '@mimirjs/transport'
import { formatMulticastAddress } from '../address/index.js'
import { MulticastError } from '../error.js'
import type { MachineSession } from '../machine/index.js'
import { type Deferred, deferred } from './deferred.js'
import { SessionDatagrams } from './session-datagrams.js'
import type { MulticastSession, RequestOptions } from './types.js'

/** What a session asks of its node. */
export interface SessionOwner {
  /** `mp2p://…` of the node. */
  readonly address: string
  readonly maxPayloadBytes: number
  /** @returns `false` when it is over, or had all its messages */
  sendMessage(session: MachineSession, payload: Uint8Array): boolean
  request(session: MachineSession, payload: Uint8Array, done: (answer: Uint8Array | MulticastError) => void): void
  /** The failure of a request, with what the system says about it. */
  explain(session: MachineSession, error: MulticastError): MulticastError
  close(session: MachineSession): void
}

/** A session as programs hold it. The machine has the protocol; this has the promises and the datagram socket. */
export class NodeSession implements MulticastSession {
  readonly #owner: SessionOwner
  readonly #session: MachineSession
  #datagrams: SessionDatagrams | undefined
  #closed: Deferred<MulticastError | undefined> | undefined
  #end: { readonly error: MulticastError | undefined } | undefined

  constructor(owner: SessionOwner, session: MachineSession) {
    this.#owner = owner
    this.#session = session
  }

  get id(): Uint8Array {
    return this.#session.id
  }

  get peer(): Uint8Array {
    return this.#session.peer
  }

  get address(): string {
    const [place] = this.#session.places
    if (place === undefined) throw new MulticastError('closed', 'the session has no place any more')
    return formatMulticastAddress({ publicKey: this.peer, ...place })
  }

  get role(): MulticastSession['role'] {
    return this.#session.role
  }

  get state(): MulticastSession['state'] {
    return this.#session.state
  }

  get received(): number {
    return this.#session.received
  }

  get sent(): number {
    return this.#session.sent
  }

  get datagrams(): DatagramSocket {
    return (this.#datagrams ??= new SessionDatagrams(this.#owner, this.#session, this.address, this.#end))
  }

  get closed(): Promise<MulticastError | undefined> {
    if (this.#end !== undefined) return Promise.resolve(this.#end.error)
    this.#closed ??= deferred()
    return this.#closed.promise
  }

  request(payload: Uint8Array, { signal }: RequestOptions = {}): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(aborted(signal))
      // It keeps its turn: a late answer must not be taken for that of the next request.
      const onAbort = (): void => reject(aborted(signal))
      const forget = (): void => signal?.removeEventListener('abort', onAbort)
      signal?.addEventListener('abort', onAbort, { once: true })
      try {
        this.#owner.request(this.#session, payload, (answer) => {
          forget()
          if (answer instanceof Uint8Array) resolve(answer)
          else reject(this.#owner.explain(this.#session, answer))
        })
      } catch (error) {
        forget()
        throw error
      }
    })
  }

  close(): void {
    this.#owner.close(this.#session)
  }

  /** @returns whether its datagram socket took it */
  deliver(payload: Uint8Array): boolean {
    return this.#datagrams?.deliver(payload) ?? false
  }

  /** The machine has closed it. */
  ended(error: MulticastError | undefined): void {
    if (this.#end !== undefined) return
    this.#end = { error }
    this.#closed?.resolve(error)
    this.#datagrams?.ended(error)
  }
}

function aborted(signal: AbortSignal | undefined): MulticastError {
  return new MulticastError('aborted', 'request: aborted by the signal given', { cause: signal?.reason })
}

import type { Logger } from '@mimirjs/transport'
import type { YggdrasilError } from '../error.js'
import { formatKey } from '../key.js'
import type { PeerState } from '../links/types.js'
import type { PeerUpEvent, YggdrasilEvents } from './types.js'

export type EmitPeer = <Name extends 'peerUp' | 'peerDown' | 'peerRetry'>(
  name: Name,
  event: YggdrasilEvents[Name],
) => void

/** Makes events, and lines in the log, of what the links tell of peers. */
export class PeerWatch {
  readonly #emit: EmitPeer
  readonly #logger: Logger | undefined
  readonly #up = new Map<string, PeerUpEvent>()

  constructor(emit: EmitPeer, logger: Logger | undefined) {
    this.#emit = emit
    this.#logger = logger
  }

  /** @param retryAtMs - when it is dialled again, if it is */
  changed(state: PeerState, retryAtMs: number | undefined, nowMs: number): void {
    const key = state.incoming ? `${state.linkId}` : state.uri
    const before = this.#up.get(key)
    if (state.state === 'up') {
      if (before === undefined) this.#cameUp(key, state)
      return
    }
    if (before !== undefined) {
      this.#up.delete(key)
      this.#emit('peerDown', { ...before, ...errorOf(state) })
      this.#logger?.info(
        { uri: state.uri, code: state.error?.code },
        `peer down: ${state.error?.message ?? 'in order'}`,
      )
    }
    const isOver = state.state === 'stopped' && !state.incoming && state.error?.code !== 'closed'
    if (state.state === 'waiting' || isOver) this.#waits(state, isOver ? undefined : retryAtMs, nowMs)
  }

  #cameUp(key: string, { uri, incoming, publicKey, remote }: PeerState): void {
    if (publicKey === undefined) return
    const up = { uri, incoming, publicKey, ...(remote === undefined ? {} : { remote }) }
    this.#up.set(key, up)
    this.#emit('peerUp', up)
    this.#logger?.info({ uri, incoming, remote, publicKey: formatKey(publicKey) }, 'peer up')
  }

  #waits({ uri, error, failures }: PeerState, retryAtMs: number | undefined, nowMs: number): void {
    if (error === undefined) return
    const retryInMs = retryAtMs === undefined ? undefined : Math.max(0, Math.round(retryAtMs - nowMs))
    this.#emit('peerRetry', { uri, error, failures, ...(retryInMs === undefined ? {} : { retryInMs }) })
    const next = retryInMs === undefined ? 'not tried again' : `tried again in ${Math.ceil(retryInMs / 1000)} s`
    const text = error.message.includes(uri) ? error.message : `peer ${uri}: ${error.message}`
    this.#logger?.warn({ uri, code: error.code, failures, retryInMs }, `${text}; ${next}`)
  }
}

function errorOf({ error }: PeerState): { error: YggdrasilError } | undefined {
  return error === undefined ? undefined : { error }
}

import { YggdrasilError } from '../error.js'
import { type KeyId, keyId } from '../key.js'
import type { NodeLimits } from '../limits.js'
import { CoreType, encodeCoreMessage, ProtocolType } from '../wire/core.js'

/** Who asked lately is remembered, of so many at most. */
const REMEMBERED = 1024

/** What the node tells everybody who asks. Only made when there is something to tell. yggdrasil protocol §9.2 */
export class NodeInfo {
  readonly #response: Uint8Array
  readonly #pauseMs: number
  /** In the order of time. */
  readonly #answered = new Map<KeyId, number>()

  /** @throws {YggdrasilError} `misuse` for what is no JSON object, `too-large` */
  constructor(info: object, limits: NodeLimits) {
    this.#response = encodeCoreMessage({ type: 'nodeInfoResponse', json: toJson(info, limits.nodeInfoBytes) })
    this.#pauseMs = limits.nodeInfoPauseMs
  }

  /** Keys remembered. */
  get size(): number {
    return this.#answered.size
  }

  /** @returns what to answer to a protocol message, if anything */
  answer(source: Uint8Array, message: Uint8Array, nowMs: number): Uint8Array | undefined {
    const isRequest =
      message.length === 2 && message[0] === CoreType.protocol && message[1] === ProtocolType.nodeInfoRequest
    if (!isRequest) return undefined
    for (const [id, answeredMs] of this.#answered) {
      if (nowMs - answeredMs < this.#pauseMs && this.#answered.size < REMEMBERED) break
      this.#answered.delete(id)
    }
    const id = keyId(source)
    if (this.#answered.has(id)) return undefined
    this.#answered.set(id, nowMs)
    return this.#response
  }
}

function toJson(info: object, maxBytes: number): Uint8Array {
  let text: string | undefined
  try {
    text = JSON.stringify(info)
  } catch (cause) {
    throw new YggdrasilError('misuse', 'nodeInfo: expected an object that can be JSON', { cause })
  }
  if (!text?.startsWith('{')) throw new YggdrasilError('misuse', 'nodeInfo: expected an object that can be JSON')
  const json = new TextEncoder().encode(text)
  if (json.length <= maxBytes) return json
  const message = `nodeInfo: ${json.length} bytes as JSON, at most ${maxBytes} are answered with`
  throw new YggdrasilError('too-large', message, { blame: 'local' })
}

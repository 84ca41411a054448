import { setTimeout as delay } from 'node:timers/promises'
import type { IncomingMessage } from '@mimirjs/messenger'

export interface Hook {
  readonly url: string
  /** How long an answer may take. */
  readonly timeoutMs: number
  /** Pauses between attempts: the first, doubling up to the longest. */
  readonly retry: { readonly minMs: number; readonly maxMs: number }
}

/**
 * POST a message until the hook has answered 2xx. A handler that waits for this leaves its message in the inbox until
 * then, whatever happens to the process. The hook may see a message twice: the key tells.
 * @param signal - its reason is thrown when it fires
 */
export async function forward(message: IncomingMessage, hook: Hook, signal: AbortSignal): Promise<void> {
  const body = JSON.stringify(toJson(message))
  const headers = { 'content-type': 'application/json', 'idempotency-key': `${message.from}-${message.id}` }
  const { minMs, maxMs } = hook.retry
  for (let pauseMs = minMs; ; pauseMs = Math.min(pauseMs * 2, maxMs)) {
    const problem = await post(hook, headers, body, signal)
    signal.throwIfAborted()
    if (problem === undefined) return
    console.error(`${message.id}: ${problem}; again in ${pauseMs} ms`)
    await delay(pauseMs, undefined, { signal }).catch(() => signal.throwIfAborted())
  }
}

/** @returns what went wrong */
async function post(
  { url, timeoutMs }: Hook,
  headers: Readonly<Record<string, string>>,
  body: string,
  closing: AbortSignal,
): Promise<string | undefined> {
  try {
    const signal = AbortSignal.any([closing, AbortSignal.timeout(timeoutMs)])
    const response = await fetch(url, { method: 'POST', headers, body, signal, redirect: 'manual' })
    await response.body?.cancel()
    return response.ok ? undefined : `the hook answered ${response.status}`
  } catch (error) {
    return `the hook cannot be reached: ${error instanceof Error ? error.message : String(error)}`
  }
}

function toJson({ file, ...message }: IncomingMessage): object {
  return {
    id: message.id,
    from: message.from,
    fromName: message.fromName,
    kind: message.kind,
    text: message.text,
    replyTo: message.replyTo ?? null,
    sentAt: message.sentAt,
    receivedAt: message.receivedAt,
    file: file ? { name: file.name, mimeType: file.mimeType ?? null, sizeBytes: file.sizeBytes } : null,
  }
}

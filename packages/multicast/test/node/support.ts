import { createSigner, type SeedSigner } from '@mimirjs/crypto'
import { onTestFinished } from 'vitest'
import { MulticastNode, type MulticastNodeOptions } from '../../src/index.js'
import { createMulticastMemory, type MulticastMemory } from '../../src/testing/index.js'

export const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
export const bytes = (shown: string): Uint8Array => new TextEncoder().encode(shown)

/** The same key for the same number. */
export function signer(number: number): SeedSigner {
  return createSigner(new Uint8Array(32).fill(number))
}

/** A node that is closed when the test is over. The key is that of `number`. */
export async function openNode(
  memory: MulticastMemory,
  number: number,
  options: Partial<MulticastNodeOptions> = {},
): Promise<MulticastNode> {
  const node = await MulticastNode.open({
    signer: signer(number),
    network: memory.network(),
    group: 'ipv4',
    joinDelayMs: 0,
    ...options,
  })
  onTestFinished(() => node.close())
  return node
}

/** Two nodes on one link, of which the second takes everybody. */
export async function pair(
  { initiator = {}, responder = {} }: Record<'initiator' | 'responder', Partial<MulticastNodeOptions>> = {
    initiator: {},
    responder: {},
  },
): Promise<{ memory: MulticastMemory; a: MulticastNode; b: MulticastNode }> {
  const memory = createMulticastMemory()
  const a = await openNode(memory, 1, initiator)
  const b = await openNode(memory, 2, { policy: 'anybody', ...responder })
  return { memory, a, b }
}

/** What a promise rejects with. */
export async function failure(work: Promise<unknown>): Promise<{ code?: string; message: string; cause?: unknown }> {
  const error: unknown = await work.then(
    () => new Error('expected a failure, it went well'),
    (reason: unknown) => reason,
  )
  if (error instanceof Error) return error
  throw new Error(`expected an Error, got ${String(error)}`)
}

import { createSigner, type Signer } from '@mimirjs/crypto'
import { Transports } from '@mimirjs/transport'
import { createMemoryNetwork } from '@mimirjs/transport/memory'
import { createClock, type ManualClock } from '@mimirjs/transport/testing'
import type { MediatorDialect, MemberInfoRecord, MemberRecord, SystemMessage } from '@mimirjs/wire/mediator'
import { expect, onTestFinished } from 'vitest'
import { MediatorClient } from '../../src/client.js'
import type { MediatorError } from '../../src/error.js'
import type { ChatFollower, MediatorClientOptions, MediatorState, ReceivedBatch } from '../../src/types.js'
import { FakeMediator } from './fake-mediator.js'

/** Long enough for everything in memory, and for no test that fails. */
const MAX_TURNS = 3000

/** Wait until something is so, which events in memory bring about. */
export async function until(condition: () => boolean): Promise<void> {
  for (let turn = 0; turn < MAX_TURNS; turn++) {
    if (condition()) return
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect.fail(`this never happened: ${condition}`)
}

/** Let everything happen that happens without time. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 40; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/** Let much time pass, in which everybody has the time to answer. */
export async function pass(clock: ManualClock, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 10_000) {
    clock.advance(Math.min(left, 10_000))
    await settle()
  }
}

export const NOW_MS = 1_800_000_000_000

export interface Bench {
  readonly clock: ManualClock
  readonly mediator: FakeMediator
  readonly client: MediatorClient
  readonly signer: Signer
  readonly states: MediatorState[]
  readonly errors: Error[]
}

/** Its proofs of work cost nothing, and prove nothing. */
export function testSigner(): Signer {
  const signer = createSigner(new Uint8Array(32).fill(1))
  return {
    publicKey: signer.publicKey,
    sign: (message) => signer.sign(message),
    signProofOfWork: () => Promise.resolve({ counter: 5, signature: new Uint8Array(64) }),
  }
}

/** A client and a fake mediator in memory, under a clock turned by hand. */
export async function bench(
  dialect: MediatorDialect = 'tlv-push',
  options: Partial<
    Pick<MediatorClientOptions, 'signer' | 'limits' | 'timers' | 'refuseNonce' | 'formerMediatorKeys' | 'logger'>
  > = {},
): Promise<Bench> {
  const { streams } = createMemoryNetwork()
  const clock = createClock(NOW_MS)
  const mediator = new FakeMediator(dialect)
  await mediator.listen(streams, 'memory://mediator')
  const signer = options.signer ?? testSigner()
  const client = new MediatorClient({
    mediatorPublicKey: mediator.publicKey,
    dialect,
    clock,
    transports: new Transports([streams]),
    address: 'memory://mediator',
    random: (byteLength: number) => new Uint8Array(byteLength).fill(127),
    ...options,
    signer,
  })
  const states: MediatorState[] = []
  const errors: Error[] = []
  client.on('state', (state) => void states.push(state))
  client.on('error', ({ error }) => void errors.push(error))
  onTestFinished(async () => {
    const closing = client.close()
    clock.advance(60_000)
    await closing
    await mediator.close()
  })
  return { clock, mediator, client, signer, states, errors }
}

/** A follower that keeps in memory what it is told. */
export class Keeper implements ChatFollower {
  syncedTo = 0n
  infoSinceSeconds = 0n
  readonly stored: bigint[] = []
  readonly batches: ReceivedBatch[] = []
  readonly events: SystemMessage[] = []
  readonly memberLists: (readonly MemberRecord[])[] = []
  readonly infos: MemberInfoRecord[] = []
  readonly asks: [bigint, boolean][] = []
  readonly refusals: MediatorError[] = []
  readonly log: string[] = []
  readies = 0
  /** Fails so many times. */
  failures = 0

  async store(batch: ReceivedBatch): Promise<void> {
    await Promise.resolve()
    if (this.failures > 0) {
      this.failures--
      throw new Error('the disk is full')
    }
    this.batches.push(batch)
    this.log.push('store')
    for (const { messageId } of batch.messages) if (!this.stored.includes(messageId)) this.stored.push(messageId)
    this.syncedTo = batch.syncedTo
  }

  members(members: readonly MemberRecord[]): void {
    this.memberLists.push(members)
    this.log.push('members')
  }

  memberInfos(infos: readonly MemberInfoRecord[]): void {
    this.infos.push(...infos)
    this.log.push('infos')
  }

  event(message: SystemMessage): void {
    this.events.push(message)
  }

  infoRequested(lastUpdateSeconds: bigint, missing: boolean): void {
    this.asks.push([lastUpdateSeconds, missing])
    this.log.push('asked')
  }

  ready(): void {
    this.readies++
    this.log.push('ready')
  }

  refused(error: MediatorError): void {
    this.refusals.push(error)
    this.log.push(error.code)
  }
}

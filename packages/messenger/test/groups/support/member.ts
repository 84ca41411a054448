import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createSigner } from '@mimirjs/crypto'
import { fromHex } from '@mimirjs/wire'
import { type MediatorAddress, Messenger, type MessengerOptions, type Store } from '../../../src/index.js'

export interface MemberOptions {
  readonly folder: string
  /** 64 hex digits. */
  readonly seed: string
  readonly mediator: MediatorAddress
}

export interface MemberParts extends Pick<MessengerOptions, 'transports'> {
  readonly store: Store
  onHandler?(when: 'started' | 'answered'): void
}

const HANDLED_LOG = 'handled.log'

/** A member who answers every message that is no answer, in whatever process. */
export async function openMember(options: MemberOptions, parts: MemberParts): Promise<Messenger> {
  const { folder, seed, mediator } = options
  const { store, transports, onHandler } = parts
  const messenger = await Messenger.open(folder, {
    signer: createSigner(fromHex(seed)),
    store,
    ...(transports && { transports }),
    mediators: [mediator],
    retry: { minMs: 20, maxMs: 100 },
  })
  messenger.on('message', async (message) => {
    appendFileSync(join(folder, HANDLED_LOG), `${message.text}\n`)
    onHandler?.('started')
    if (message.replyTo === undefined) await message.reply(`re: ${message.text}`)
    onHandler?.('answered')
  })
  return messenger
}

/** How often a handler of this member began with a text. */
export function runsOf(folder: string, text: string): number {
  const file = join(folder, HANDLED_LOG)
  return existsSync(file)
    ? readFileSync(file, 'utf8')
        .split('\n')
        .filter((line) => line === text).length
    : 0
}

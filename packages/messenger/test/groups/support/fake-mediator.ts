import { createSigner, generateSeed, groupSeal, randomBytes, wrapGroupKey } from '@mimirjs/crypto'
import type { ByteStream } from '@mimirjs/transport'
import { fromHex, toHex } from '@mimirjs/wire'
import {
  decodeRequestPayload,
  encodeErrorFrame,
  encodeGroupMessage,
  encodePushFrame,
  encodeResponseFrame,
  type MediatorCommandName,
  type MediatorMessage,
  type MediatorPushes,
  type MediatorPushName,
  MediatorRequestReader,
  type MediatorRequests,
  type MemberInfoRecord,
  type MemberRecord,
  mediatorCommandName,
} from '@mimirjs/wire/mediator'
import type { MediatorAddress } from '../../../src/index.js'
import type { Scene } from './scene.js'

const DIALECT = 'tlv-push'

/** A mediator that says what a test wants. It has one chat, whose key it knows: members and mediators can work together. */
export class FakeMediator {
  readonly signer = createSigner(generateSeed())
  readonly chatId = 77n
  readonly key: Uint8Array = randomBytes(32)
  readonly messages: MediatorMessage[] = []
  readonly members: MemberRecord[] = []
  readonly infos: MemberInfoRecord[] = []
  /** Requests that came, in order. */
  readonly requests: { command: MediatorCommandName; value: unknown }[] = []
  readonly #streams = new Set<ByteStream>()

  get address(): MediatorAddress {
    return { publicKey: toHex(this.signer.publicKey), address: 'memory://fake' }
  }

  async listen(scene: Scene): Promise<void> {
    await scene.network.streams.listen('memory://fake', {
      onStream: (stream) => this.#serve(stream),
    })
  }

  /** Wait until somebody is logged in who can be pushed to. */
  get isUp(): boolean {
    return this.requests.some(({ command }) => command === 'auth')
  }

  push<K extends MediatorPushName>(push: K, value: MediatorPushes[K]): void {
    for (const stream of this.#streams) stream.write(encodePushFrame(DIALECT, push, value))
  }

  /** End every connection; whoever wants comes back. */
  hangUp(): void {
    for (const stream of this.#streams) stream.end()
  }

  /** @param key - which is wrapped; default: that of the chat */
  invite(to: string, invite: Partial<MediatorPushes['gotInvite']> = {}, key: Uint8Array = this.key): void {
    this.push('gotInvite', {
      inviteId: 1n,
      chatId: this.chatId,
      from: this.signer.publicKey,
      timestampSeconds: 1_700_000_000n,
      name: 'Fake',
      description: '',
      data: wrapGroupKey(fromHex(to), key, 'rfc8439'),
      ...invite,
    })
  }

  /** Push a message, and keep it for whoever asks later. */
  say(message: Partial<Omit<MediatorMessage, 'chatId'>> & { blob: Uint8Array }): MediatorPushes['gotMessage'] {
    const whole = {
      chatId: this.chatId,
      messageId: BigInt(this.messages.length + 1),
      guid: BigInt(this.messages.length + 1),
      timestampSeconds: 1_700_000_000n,
      author: this.signer.publicKey,
      ...message,
    }
    this.messages.push(whole)
    this.push('gotMessage', whole)
    return whole
  }

  /** What a member who has the key can write. */
  seal(
    text: string,
    fields: Partial<Parameters<typeof encodeGroupMessage>[0]> = {},
    key: Uint8Array = this.key,
  ): Uint8Array {
    const message = {
      guid: 1n,
      replyTo: 0n,
      sendTimeMs: 1_700_000_000_000n,
      editTimeMs: 0n,
      messageType: 0,
      payload: new TextEncoder().encode(text),
      ...fields,
    }
    return groupSeal(key, encodeGroupMessage(message), 'rfc8439')
  }

  #serve(stream: ByteStream): void {
    const reader = new MediatorRequestReader({ dialect: DIALECT })
    let initBytes = 2
    stream.start({
      data: (chunk) => {
        const init = Math.min(initBytes, chunk.length)
        initBytes -= init
        reader.push(chunk.slice(init))
        for (let frame = reader.next(); frame !== undefined; frame = reader.next()) {
          const command = mediatorCommandName(DIALECT, frame.command)
          if (command === undefined) continue
          const value = decodeRequestPayload(DIALECT, command, frame.payload)
          this.requests.push({ command, value })
          if (command === 'auth') this.#streams.add(stream)
          stream.write(this.#answer(frame.requestId, command, value))
        }
      },
      end: () => stream.end(),
      drain: () => {},
      closed: () => void this.#streams.delete(stream),
    })
  }

  #answer<K extends MediatorCommandName>(id: number, command: K, value: MediatorRequests[K]): Uint8Array {
    const ok = <C extends MediatorCommandName>(
      name: C,
      response: Parameters<typeof encodeResponseFrame<C>>[3],
    ): Uint8Array => encodeResponseFrame(DIALECT, id, name, response)
    const lastId = this.messages.at(-1)?.messageId ?? 0n
    switch (command as MediatorCommandName) {
      case 'getNonce':
        return ok('getNonce', { nonce: randomBytes(32) })
      case 'subscribe':
        return ok('subscribe', { messageId: lastId })
      case 'getLastMessageId':
        return ok('getLastMessageId', { messageId: lastId })
      case 'getMembers':
        return ok('getMembers', { members: this.members })
      case 'getMembersInfo':
        return ok('getMembersInfo', { members: this.infos })
      case 'getMessagesSince': {
        const { sinceId, limit } = value as MediatorRequests['getMessagesSince']
        const rows = this.messages.filter(({ messageId }) => messageId > sinceId)
        return ok('getMessagesSince', { messages: rows.slice(0, limit) })
      }
      case 'sendMessage':
        return encodeErrorFrame(id, 'not a member or banned')
      default:
        return ok(command, {} as Parameters<typeof encodeResponseFrame<K>>[3])
    }
  }
}

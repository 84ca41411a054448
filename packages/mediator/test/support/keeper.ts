import type { ChatFollower, ReceivedBatch } from '@mimirjs/mediator-client'
import type { MemberInfoRecord, MemberRecord, SystemMessage } from '@mimirjs/wire/mediator'

/** A follower that stores in memory, and counts what comes twice. */
export class Keeper implements ChatFollower {
  syncedTo = 0n
  readonly stored = new Map<bigint, { author: Uint8Array; blob: Uint8Array; system: SystemMessage | undefined }>()
  repeated = 0
  readonly events: SystemMessage[] = []
  memberList: readonly MemberRecord[] = []
  readonly infos: MemberInfoRecord[] = []
  readies = 0

  async store({ messages, syncedTo }: ReceivedBatch): Promise<void> {
    await Promise.resolve()
    for (const message of messages) {
      if (this.stored.has(message.messageId)) this.repeated++
      this.stored.set(message.messageId, message)
    }
    this.syncedTo = syncedTo
  }

  members(members: readonly MemberRecord[]): void {
    this.memberList = members
  }

  memberInfos(infos: readonly MemberInfoRecord[]): void {
    this.infos.push(...infos.filter(({ info }) => info.length > 0))
  }

  event(message: SystemMessage): void {
    this.events.push(message)
  }

  ready(): void {
    this.readies++
  }

  get systemEvents(): (string | undefined)[] {
    return [...this.stored.values()].flatMap(({ system }) => (system === undefined ? [] : [system.event]))
  }

  get texts(): string[] {
    const users = [...this.stored].filter(([, { system }]) => system === undefined)
    return users.sort(([a], [b]) => Number(a - b)).map(([, { blob }]) => new TextDecoder().decode(blob))
  }
}

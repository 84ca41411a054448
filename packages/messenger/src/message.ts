import type { Command } from './bot/command.js'
import type { Content } from './content.js'
import type { DownloadedFile, DownloadOptions } from './files/types.js'
import type { Group } from './groups/group.js'
import type { StoredMessage } from './store.js'
import type { IncomingFile, MessageKind, MessageView } from './view.js'

/** What {@link Messenger.send} accepted: it is on disk and will be delivered. */
export interface Sent {
  /** The message's id, the same on both sides: a signed 64-bit number as decimal text. */
  readonly id: string
  /** Public key of the receiver, or id of the group; 64 lower-case hex digits. */
  readonly to: string
}

/** One entry of a conversation. */
export interface HistoryEntry extends MessageView {
  readonly id: string
  /** Public key of the other person, or id of the group; 64 lower-case hex digits. */
  readonly peer: string
  /** Public key of whoever said it, ourselves included; in a group, as its mediator says. */
  readonly author: string
  readonly outgoing: boolean
  /** `waiting`: the other side is there and silent about it. */
  readonly state: StoredMessage['state'] | 'waiting'
  readonly sentAt: Date
  /** When its sender changed the text; `undefined` for never. */
  readonly editedAt: Date | undefined
}

/** A message as a handler gets it. */
export interface IncomingMessage {
  /** Unique per sender, in a group per group; a handler that runs again after a crash sees the same id. */
  readonly id: string
  /** Public key of the sender, 64 lower-case hex digits; in a group, as its mediator says. */
  readonly from: string
  /** The group it was said in; `undefined` for what was said to us alone. */
  readonly group: Group | undefined
  /** What we call the sender, else what they call themselves (there), else the start of their key. */
  readonly fromName: string
  readonly kind: MessageKind
  /** The text, the caption of a file, or the emoji of a reaction. */
  readonly text: string
  readonly replyTo: string | undefined
  readonly file: IncomingFile | undefined
  /** What the text or the caption asks for, if it is a command: `/name …`. */
  readonly command: Command | undefined
  /** By the sender's clock. */
  readonly sentAt: Date
  readonly receivedAt: Date
  /**
   * Answer the sender, or the group, quoting this message. On disk when it resolves, on its way when the handler has finished:
   * what a handler sends through its message is released together with the inbox cursor, so a crash in between
   * neither loses nor doubles it.
   */
  reply(content: Content): Promise<Sent>
  /** Put an emoji under this message, under the same guarantee; an empty one takes it back. The generation must have reactions. */
  react(emoji: string): Promise<Sent>
  /** Send to somebody else, or to a group, under the same guarantee as {@link reply}. */
  send(to: string | Uint8Array, content: Content): Promise<Sent>
  /**
   * Fetch the file of this message and put it on disk. @throws {MessengerError} `unknown-file` | `file` | `damaged` | `aborted`
   * | `closed`
   */
  download(options?: DownloadOptions): Promise<DownloadedFile>
}

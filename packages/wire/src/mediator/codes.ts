/**
 * The three ways of speaking the protocol: fixed layouts; TLV with pushes that look like answers; TLV with pushes that have
 * a status of their own. Source: mediator protocol §1.
 */
export type MediatorDialect = 'binary' | 'tlv' | 'tlv-push'

export const MEDIATOR_DIALECTS: readonly MediatorDialect[] = ['binary', 'tlv', 'tlv-push']

/** Codes of requests. Source: mediator protocol §3.4. */
export const MediatorCommand = {
  getNonce: 0x01,
  auth: 0x02,
  ping: 0x03,
  createChat: 0x10,
  deleteChat: 0x11,
  updateChatInfo: 0x12,
  addUser: 0x20,
  deleteUser: 0x21,
  leaveChat: 0x22,
  getUserChats: 0x23,
  sendMessage: 0x30,
  deleteMessage: 0x31,
  getLastMessageId: 0x33,
  subscribe: 0x35,
  getMessagesSince: 0x36,
  sendInvite: 0x40,
  inviteResponse: 0x42,
  updateMemberInfo: 0x50,
  getMembersInfo: 0x52,
  getMembers: 0x53,
  changeMemberStatus: 0x55,
} as const

export type MediatorCommandName = keyof typeof MediatorCommand

/** What a mediator sends unasked; the code stands where an answer has its request id. Source: mediator protocol §3.4. */
export const MediatorPush = { gotMessage: 0x32, gotInvite: 0x41, requestMemberInfo: 0x51, gotMemberInfo: 0x54 } as const

export type MediatorPushName = keyof typeof MediatorPush

/** First byte of everything a mediator sends; `push` in `tlv-push` alone. Source: mediator protocol §3.4. */
export const MediatorStatus = { ok: 0, error: 1, push: 2 } as const

/**
 * Ids that no client may give a request: 0 stands for errors without one, the others are (or, 0x34, once were) codes of
 * pushes, and an answer to them looks like a push. Source: mediator protocol §3.3.
 */
export const RESERVED_REQUEST_IDS: readonly number[] = [0, 0x32, 0x34, 0x41, 0x51, 0x54]

/** Longest payload of a request that a mediator takes, in bytes. Source: mediator protocol §3.2. */
export const MAX_MEDIATOR_REQUEST_BYTES: Record<MediatorDialect, number> = {
  binary: 33_554_432,
  tlv: 33_554_432,
  'tlv-push': 53_477_376,
}

/** Longest payload of an answer or a push that clients take, in bytes. Source: mediator protocol §3.2. */
export const MAX_MEDIATOR_RESPONSE_BYTES = 52_428_800

const COMMANDS: ReadonlyMap<number, MediatorCommandName> = namesOf(MediatorCommand)
const PUSHES: ReadonlyMap<number, MediatorPushName> = namesOf(MediatorPush)
/** Source: mediator protocol §1, rows 0x12 and 0x55. */
const NOT_IN_BINARY: ReadonlySet<MediatorCommandName> = new Set(['updateChatInfo', 'changeMemberStatus'])

/** The command of a code, `undefined` when the dialect has none. */
export function mediatorCommandName(dialect: MediatorDialect, code: number): MediatorCommandName | undefined {
  const name = COMMANDS.get(code)
  return name !== undefined && hasMediatorCommand(dialect, name) ? name : undefined
}

/** Whether the dialect has the command. */
export function hasMediatorCommand(dialect: MediatorDialect, command: MediatorCommandName): boolean {
  return dialect !== 'binary' || !NOT_IN_BINARY.has(command)
}

/** The push of a code, `undefined` when there is none. */
export function mediatorPushName(code: number): MediatorPushName | undefined {
  return PUSHES.get(code)
}

function namesOf<N extends string>(codes: Readonly<Record<N, number>>): ReadonlyMap<number, N> {
  return new Map((Object.entries(codes) as [N, number][]).map(([name, code]) => [code, name]))
}

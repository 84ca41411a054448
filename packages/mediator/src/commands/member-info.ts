import { call } from '../operations.js'
import { isPresent } from '../permissions.js'
import { type Command, chatOf, done, refused } from './command.js'
import { isInfoTime } from './time.js'

const NOTHING = new Uint8Array(0)
/** No client takes an answer of more than 50 MiB (mediator protocol §3.2); this leaves room for keys and times. */
const MAX_INFO_BYTES = 33_554_432

/** Mediator protocol §8.18. */
export const updateMemberInfo: Command<'updateMemberInfo'> = {
  name: 'updateMemberInfo',
  chatId: chatOf,
  check({ timestampSeconds, info }, { nowSeconds, limits }) {
    if (!isInfoTime(timestampSeconds, nowSeconds)) return 'timestampSeconds'
    return info.length > limits.memberInfoBytes ? 'size' : undefined
  },
  *program({ chatId, timestampSeconds, info }, { caller: publicKey, dialect }) {
    if (!isPresent(yield* call('user', chatId, publicKey))) return refused('member')
    yield* call('changeUser', chatId, publicKey, { info, changedAtSeconds: timestampSeconds })
    const toCaller = dialect !== 'binary'
    return done({}, [{ effect: 'memberInfo', chatId, publicKey, info, timestampSeconds, toCaller }])
  },
}

/** Mediator protocol §8.19. */
export const getMembersInfo: Command<'getMembersInfo'> = {
  name: 'getMembersInfo',
  pipelined: true,
  chatId: chatOf,
  *program({ chatId, sinceSeconds = 0n }, { caller }) {
    if (!isPresent(yield* call('user', chatId, caller))) return refused('member')
    const rows = yield* call('memberInfos', chatId, sinceSeconds, MAX_INFO_BYTES)
    return done({ members: rows.map((row) => ({ ...row, info: row.info ?? NOTHING })) })
  },
}

import type { MediatorCommandName } from '@mimirjs/wire/mediator'
import { deleteChat, getUserChats, updateChatInfo } from './chat.js'
import type { Command } from './command.js'
import { createChat } from './create-chat.js'
import { inviteResponse, sendInvite } from './invites.js'
import { getMembersInfo, updateMemberInfo } from './member-info.js'
import { addUser, changeMemberStatus, deleteUser, getMembers, leaveChat } from './members.js'
import { deleteMessage, getLastMessageId, getMessagesSince, sendMessage, subscribe } from './messages.js'

/** Commands that are a program on the database. */
export type StoredCommandName = Exclude<MediatorCommandName, 'getNonce' | 'auth' | 'ping'>

export const COMMANDS: { readonly [K in StoredCommandName]: Command<K> } = {
  createChat,
  deleteChat,
  updateChatInfo,
  addUser,
  deleteUser,
  leaveChat,
  getUserChats,
  sendMessage,
  deleteMessage,
  getLastMessageId,
  subscribe,
  getMessagesSince,
  sendInvite,
  inviteResponse,
  updateMemberInfo,
  getMembersInfo,
  getMembers,
  changeMemberStatus,
}

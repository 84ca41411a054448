export type { AttachmentMetadata, ReceivedMetadata } from '../peer/attachment.js'
export { type AnnouncedFile, decodeAttachmentMetadata, encodeAttachmentMetadata } from './attachment-metadata.js'
export { FileResponseReader } from './file-response-reader.js'
export { decodeMemberInfo, encodeMemberInfo, MAX_MEMBER_AVATAR_BYTES, type MemberInfo } from './member-info.js'

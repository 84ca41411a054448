import { decodeAttachmentMetadata } from '@mimirjs/wire/content'
import { MessageType, splitAttachment } from '@mimirjs/wire/peer'

const utf8Lenient = new TextDecoder()

/** Whether messages of this type have words to be found. */
export function isSearchable(messageType: number): boolean {
  return messageType === MessageType.text || hasCaption(messageType)
}

/**
 * The words of a message in the form that is compared: the text itself, or the caption of a file.
 * @param payload - of a file at least its metadata
 */
export function searchableText(messageType: number, payload: Uint8Array): string {
  return fold(hasCaption(messageType) ? caption(payload) : utf8Lenient.decode(payload))
}

function hasCaption(messageType: number): boolean {
  return messageType === MessageType.image || messageType === MessageType.file
}

function caption(payload: Uint8Array): string {
  try {
    // The length of the metadata comes first where the file itself follows, else the brace of a JSON object.
    if (payload[0] === 0) return splitAttachment(payload).metadata.text ?? ''
    return decodeAttachmentMetadata(payload).text ?? ''
  } catch {
    return ''
  }
}

/**
 * Without case, and without the ways in which Unicode writes one character. Upper case comes last: it is the one that
 * makes ss of ß and one letter of the two small sigmas.
 */
export function fold(text: string): string {
  return text.normalize('NFKC').toLowerCase().toUpperCase()
}

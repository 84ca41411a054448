import type { Generation } from '../generation.js'

/** The keys of a text envelope. */
export type EnvelopeKey = 'guid' | 'replyTo' | 'sendTime' | 'editTime' | 'type' | 'payloadSize'

/** The keys of the metadata in front of a file. */
export type MetadataKey = 'name' | 'size' | 'hash' | 'offset' | 'originalName' | 'mimeType' | 'text'

/** What an encoder does differently from generation to generation. A decoder takes all of it, always. */
export interface EncodingRules {
  /**
   * Whether the `size` of a TEXT header is the length of its body. If not, it is 16 + the bytes of the message as the
   * sender stores it: the text, or an attachment's metadata without the file.
   */
  readonly textSizeExact: boolean
  /** What the `size` of an INFO_RESPONSE header adds to the length of its body. */
  readonly infoSizeExcessBytes: number
  readonly envelopeKeys: readonly EnvelopeKey[]
  readonly metadataKeys: readonly MetadataKey[]
  /**
   * Whether CONTACT_REQUEST, CONTACT_RESPONSE and FILE_REQUEST exist, and the two frames that are ours alone. Where they
   * do not they are not written, and a reader that is told the generation skips them like every type it does not know.
   */
  readonly requestFrames: boolean
}

const envelope: readonly EnvelopeKey[] = ['guid', 'replyTo', 'sendTime', 'editTime', 'type', 'payloadSize']
const metadata: readonly MetadataKey[] = ['name', 'size', 'hash', 'offset', 'originalName', 'mimeType', 'text']

const insertionOrder = { envelopeKeys: envelope, metadataKeys: metadata } as const
const alphabeticalOrder = { envelopeKeys: [...envelope].sort(), metadataKeys: [...metadata].sort() } as const

/** Source: peer protocol sections 3.1, 6.2 and appendix C; current protocol §4, §5.1 and §9. */
export const ENCODING_RULES: Readonly<Record<Generation, EncodingRules>> = {
  classic: { textSizeExact: false, infoSizeExcessBytes: 8, ...insertionOrder, requestFrames: false },
  overlay: { textSizeExact: false, infoSizeExcessBytes: 8, ...insertionOrder, requestFrames: false },
  current: { textSizeExact: true, infoSizeExcessBytes: 0, ...alphabeticalOrder, requestFrames: true },
}

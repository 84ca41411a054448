import type { Generation } from '../generation.js'

/** The keys of a text envelope. */
export type EnvelopeKey = 'guid' | 'replyTo' | 'sendTime' | 'editTime' | 'type' | 'payloadSize'

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
}

const insertionOrder: readonly EnvelopeKey[] = ['guid', 'replyTo', 'sendTime', 'editTime', 'type', 'payloadSize']
const alphabeticalOrder: readonly EnvelopeKey[] = [...insertionOrder].sort()

/** Source: peer protocol sections 3.1, 6.2 and appendix C. */
export const ENCODING_RULES: Readonly<Record<Generation, EncodingRules>> = {
  classic: { textSizeExact: false, infoSizeExcessBytes: 8, envelopeKeys: insertionOrder },
  overlay: { textSizeExact: false, infoSizeExcessBytes: 8, envelopeKeys: insertionOrder },
  current: { textSizeExact: true, infoSizeExcessBytes: 0, envelopeKeys: alphabeticalOrder },
}

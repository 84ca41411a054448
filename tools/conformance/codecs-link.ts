import { isPoint } from '@mimirjs/crypto'
import { type ContactLink, formatContactLink, parseContactLink } from '@mimirjs/wire/link'
import type { CodecTable } from './codec.js'

export const linkCodecs: CodecTable = {
  'link.contact': {
    input: 'text',
    shape: { publicKey: 'bytes' },
    decode: (text) => parseContactLink(text, { isPoint }),
    encode: (link: ContactLink) => formatContactLink(link),
  },
}

import type { SeedSigner } from '@mimirjs/crypto'
import { formatKey } from '../../key.js'
import { bitString, der, hex, Tag } from './der.js'

const ED25519 = der(Tag.sequence, der(Tag.objectId, hex('2b6570')))
const COMMON_NAME = der(Tag.objectId, hex('550403'))
const KEY_USAGE = der(Tag.objectId, hex('551d0f'))
const EXTENDED_KEY_USAGE = der(Tag.objectId, hex('551d25'))
const BASIC_CONSTRAINTS = der(Tag.objectId, hex('551d13'))
const SERVER_AUTH = der(Tag.objectId, hex('2b06010505070301'))
const TRUE = der(Tag.boolean, hex('ff'))
const VERSION_3 = der(Tag.explicit0, der(Tag.integer, hex('02')))
/** The reference takes the time of its start. Nobody looks at it, and one that is always the same can be tested. */
const VALIDITY = der(Tag.sequence, der(Tag.utcTime, '000101000000Z'), der(Tag.generalizedTime, '99991231235959Z'))
/** digitalSignature and keyEncipherment are bits 0 and 2. */
const USAGE_BITS = bitString(hex('a0'), 5)
const EXTENSIONS = der(
  Tag.explicit3,
  der(
    Tag.sequence,
    der(Tag.sequence, KEY_USAGE, TRUE, der(Tag.octetString, USAGE_BITS)),
    der(Tag.sequence, EXTENDED_KEY_USAGE, der(Tag.octetString, der(Tag.sequence, SERVER_AUTH))),
    der(Tag.sequence, BASIC_CONSTRAINTS, TRUE, der(Tag.octetString, der(Tag.sequence))),
  ),
)
/** PKCS #8 of an Ed25519 key: this, and the seed. */
const PRIVATE_KEY_HEAD = hex('302e020100300506032b657004220420')

/**
 * What a `tls` listener shows: X.509, self-signed with the key of the node, as the reference makes it. It is no proof of
 * anything; the handshake above is. yggdrasil protocol §2.3
 * @returns DER
 */
export function nodeCertificate(signer: SeedSigner): Uint8Array {
  const name = der(Tag.set, der(Tag.sequence, COMMON_NAME, der(Tag.printableString, formatKey(signer.publicKey))))
  const subject = der(Tag.sequence, name)
  const serial = der(Tag.integer, hex('01'))
  const key = der(Tag.sequence, ED25519, bitString(signer.publicKey))
  const signed = der(Tag.sequence, VERSION_3, serial, ED25519, subject, VALIDITY, subject, key, EXTENSIONS)
  return der(Tag.sequence, signed, ED25519, bitString(signer.sign(signed)))
}

/** @param seed - 32 bytes. @returns DER, secret */
export function nodePrivateKey(seed: Uint8Array): Uint8Array {
  return Buffer.concat([PRIVATE_KEY_HEAD, seed])
}

/** @param label - `CERTIFICATE`, `PRIVATE KEY` */
export function pem(label: string, bytes: Uint8Array): string {
  const lines =
    Buffer.from(bytes)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}

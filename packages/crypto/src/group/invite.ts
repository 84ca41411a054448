import { concatBytes, requireBytes, requireUint8Array } from '../bytes.js'
import { CryptoError } from '../error.js'
import { GROUP_INVITE_BYTES, GROUP_KEY_BYTES, X25519_BYTES } from '../lengths.js'
import type { GroupCipher, GroupInviteRandom, OpenedGroupMessage, Signer, UnwrappedGroupKey } from '../types.js'

/** What invites are built of; both builds have their own. */
export interface InviteParts {
  generateX25519KeyPair(): { privateKey: Uint8Array; publicKey: Uint8Array }
  x25519PublicKey(privateKey: Uint8Array): Uint8Array
  x25519(privateKey: Uint8Array, publicKey: Uint8Array): Uint8Array
  ed25519PublicKeyToX25519(publicKey: Uint8Array): Uint8Array
  hkdfSha256(inputKey: Uint8Array, salt: undefined, info: Uint8Array, outputBytes: number): Uint8Array
  seal(key: Uint8Array, plaintext: Uint8Array, cipher: GroupCipher, nonce?: Uint8Array): Uint8Array
  open(key: Uint8Array, sealed: Uint8Array, cipher: GroupCipher): OpenedGroupMessage
}

/** "group-invite-key" in ASCII. Source: mediator protocol §18.2. */
const INFO: Uint8Array = Uint8Array.from('group-invite-key', (letter) => letter.charCodeAt(0))

/** @throws {CryptoError} `argument` | `point` | `shared-secret` */
export function wrapKey(
  parts: InviteParts,
  recipientPublicKey: Uint8Array,
  groupKey: Uint8Array,
  cipher: GroupCipher,
  random: GroupInviteRandom | undefined,
): Uint8Array {
  requireBytes(groupKey, GROUP_KEY_BYTES, 'groupKey')
  const recipient = parts.ed25519PublicKeyToX25519(recipientPublicKey)
  const ephemeral =
    random === undefined
      ? parts.generateX25519KeyPair()
      : { privateKey: random.ephemeralPrivateKey, publicKey: parts.x25519PublicKey(random.ephemeralPrivateKey) }
  const wrappingKey = deriveWrappingKey(parts, parts.x25519(ephemeral.privateKey, recipient))
  if (random === undefined) ephemeral.privateKey.fill(0)
  try {
    return concatBytes(ephemeral.publicKey, parts.seal(wrappingKey, groupKey, cipher, random?.nonce))
  } finally {
    wrappingKey.fill(0)
  }
}

/** @throws {CryptoError} `argument` | `key-capability` | `shared-secret` | `authentication` */
export async function unwrapKey(
  parts: InviteParts,
  signer: Signer,
  inviteData: Uint8Array,
  cipher: GroupCipher,
): Promise<UnwrappedGroupKey> {
  requireUint8Array(inviteData, 'inviteData')
  if (signer.agree === undefined)
    throw new CryptoError(
      'key-capability',
      'expected a signer with `agree`: without X25519 its key cannot open invites; join with another identity',
    )
  if (inviteData.length !== GROUP_INVITE_BYTES)
    throw new CryptoError(
      'authentication',
      `expected an invite of ${GROUP_INVITE_BYTES} bytes, got ${inviteData.length}; decline it`,
    )
  const secret = await signer.agree(inviteData.slice(0, X25519_BYTES))
  requireSecret(secret)
  const wrappingKey = deriveWrappingKey(parts, secret)
  try {
    // Its length is fixed by that of the invite.
    const { plaintext: groupKey, cipher: fitting } = parts.open(wrappingKey, inviteData.subarray(X25519_BYTES), cipher)
    return { groupKey, cipher: fitting }
  } finally {
    wrappingKey.fill(0)
  }
}

function deriveWrappingKey(parts: InviteParts, secret: Uint8Array): Uint8Array {
  const key = parts.hkdfSha256(secret, undefined, INFO, GROUP_KEY_BYTES)
  secret.fill(0)
  return key
}

/** Our own signers refuse such a key themselves; one that is not ours might not. */
function requireSecret(secret: Uint8Array): void {
  requireBytes(secret, X25519_BYTES, 'what the signer agreed on')
  if (secret.every((byte) => byte === 0))
    throw new CryptoError('shared-secret', 'expected an ephemeral key that is not of small order; decline the invite')
}

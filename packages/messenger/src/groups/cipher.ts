import type { GroupCipher } from '@mimirjs/crypto'
import type { MediatorDialect } from '@mimirjs/wire/mediator'

/** What the clients that speak the dialect encrypt with (mediator protocol §18.1). Both are opened, whatever the group has. */
export function cipherOf(dialect: MediatorDialect): GroupCipher {
  return dialect === 'tlv-push' ? 'rfc8439' : 'legacy'
}

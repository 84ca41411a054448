import type { InfoResponseFrame } from '@mimirjs/wire/peer'
import type { Contact, ContactChange, ContactKind, Store } from './store.js'
import type { StoreAccess } from './store-access.js'
import type { MessengerOptions } from './types.js'

/** Who is who, and who may talk to us. */
export class People {
  readonly #store: Store
  readonly #access: StoreAccess
  readonly #acceptFrom: NonNullable<MessengerOptions['acceptFrom']>
  /** Contacts and the blocked; everybody else is a stranger. */
  readonly #kinds: Map<string, ContactKind>

  constructor(
    store: Store,
    access: StoreAccess,
    kinds: ReadonlyMap<string, ContactKind>,
    acceptFrom: MessengerOptions['acceptFrom'] = 'anyone',
  ) {
    this.#store = store
    this.#access = access
    this.#kinds = new Map(kinds)
    this.#acceptFrom = acceptFrom
  }

  isBlocked(peer: string): boolean {
    return this.#kinds.get(peer) === 'blocked'
  }

  isContact(peer: string): boolean {
    return this.#kinds.get(peer) === 'contact'
  }

  /** Keys of everybody who is a contact. */
  contacts(): string[] {
    return [...this.#kinds].flatMap(([peer, kind]) => (kind === 'contact' ? [peer] : []))
  }

  /** Whom we write to ourselves may answer; who may come of their own accord is a matter of policy. */
  accepts(peer: string, direction: 'inbound' | 'outbound'): boolean {
    const kind = this.#kinds.get(peer) ?? 'stranger'
    if (kind === 'blocked') return false
    if (this.#acceptFrom === 'anyone' || direction === 'outbound') return true
    return this.#acceptFrom === 'contacts' ? kind === 'contact' : this.#acceptFrom(peer)
  }

  /** @throws {MessengerError} `store` | `closed` */
  async put(peer: string, change: ContactChange): Promise<Contact> {
    const contact = await this.#access.ask(() => this.#store.putContact(peer, change))
    if (contact.kind === 'stranger') this.#kinds.delete(peer)
    else this.#kinds.set(peer, contact.kind)
    return contact
  }

  /**
   * Keep what a person tells of themselves. Identities cost nothing, so of a stranger only what takes little room; the
   * rest is asked for again when it is a contact.
   * @throws {MessengerError} `store` | `closed`
   */
  putProfile(peer: string, { nickname, info, avatar, timeSeconds }: InfoResponseFrame): Promise<Contact> {
    if (this.#kinds.get(peer) !== 'contact') return this.put(peer, { nickname, info })
    return this.put(peer, { nickname, info, avatar: avatar?.slice(), infoTimeSeconds: timeSeconds })
  }
}

import { type HistoryEntry, isMessengerError, Messenger } from '@mimirjs/messenger'
import { readInvitation } from './invitation.js'
import { type PictureOf, Pictures } from './pictures.js'
import { loadSettings, type Settings, saveSettings } from './settings.js'
import { type Candidate, type ChatState, FIRST_STATE, transferKey } from './state.js'
import { Watched } from './store.js'
import { knocksOf, meOf, peopleOf, serversOf } from './views.js'
import { sentence } from './words.js'

const PAGE = 60
/** Pictures of contacts up to here are fetched without being asked for. */
export const MAX_PICTURE_BYTES = 10_485_760

export interface ChatOptions {
  /** Which person of this browser. */
  readonly profile: string
  /** Rendezvous servers that this page comes with. */
  readonly servers: readonly string[]
  readonly iceServers: readonly RTCIceServer[]
  /** The page's own address, without `#`. */
  readonly pageUrl: string
}

/** Everything the page can do, over one messenger. Views watch {@link state} and call the rest. */
export class Chat {
  readonly state = new Watched<ChatState>(FIRST_STATE)
  readonly #options: ChatOptions
  #settings: Settings
  #messenger: Messenger | undefined
  #pictures: Pictures | undefined
  #noticeTimer: ReturnType<typeof setTimeout> | undefined
  #reading = 0

  constructor(options: ChatOptions) {
    this.#options = options
    this.#settings = loadSettings(options.profile)
    this.state.change({ isOnline: navigator.onLine })
  }

  get settings(): Settings {
    return this.#settings
  }

  /** Open the person of this window. */
  async open(passphrase?: string): Promise<void> {
    this.state.change({ phase: { name: 'starting' } })
    try {
      const messenger = await Messenger.open(`web-chat-${this.#options.profile}`, {
        rendezvous: { servers: this.#servers(), iceServers: this.#options.iceServers, strangers: 'ask' },
        ...(passphrase === undefined ? {} : { passphrase }),
      })
      await this.#begin(messenger)
    } catch (error) {
      this.state.change({ phase: phaseOf(error, passphrase !== undefined) })
    }
  }

  async close(): Promise<void> {
    this.#pictures?.close()
    await this.#messenger?.close({ timeoutMs: 500 })
  }

  /** What others see as our name. */
  async rename(name: string): Promise<void> {
    await this.#act(async (messenger) => {
      await messenger.setProfile({ name: name.trim() })
      await this.#tellMe(messenger)
      this.state.change({ phase: { name: 'ready' } })
    })
  }

  /** A link was opened, or something was pasted. Nothing happens before {@link add}. */
  consider(text: string): boolean {
    const candidate = readInvitation(text)
    if (candidate === undefined) return false
    this.state.change({ candidate })
    return true
  }

  dismissCandidate(): void {
    this.state.change({ candidate: undefined })
  }

  /** Make somebody a contact and ask them to do the same. */
  async add(candidate: Candidate, useServers: boolean): Promise<boolean> {
    return this.#act(async (messenger) => {
      const name = candidate.name === '' ? {} : { name: candidate.name }
      const { peer } = await messenger.requestContact(candidate.person, name)
      if (candidate.address !== undefined) this.#rememberAddress(messenger, peer, candidate.address)
      if (useServers) for (const server of candidate.servers) await this.addServer(server)
      this.state.change({ candidate: undefined })
      await this.#tellPeople(messenger)
      await this.select(peer)
    })
  }

  /** Servers in a link that we do not use yet. */
  newServers(candidate: Candidate): string[] {
    const known = new Set(this.#servers())
    return candidate.servers.filter((url) => !known.has(url))
  }

  async answerKnock(peer: string, answer: 'accept' | 'decline' | 'block'): Promise<void> {
    await this.#act(async (messenger) => {
      if (answer === 'accept') await messenger.acceptKnock(peer)
      else await messenger.declineKnock(peer, { block: answer === 'block' })
      this.#tellKnocks(messenger)
      this.notify('')
      await this.#tellPeople(messenger)
      if (answer === 'accept') await this.select(peer)
    })
  }

  async select(peer: string | undefined): Promise<void> {
    this.state.change({ selected: peer, entries: [], hasOlder: false })
    if (peer === undefined) return
    await this.#act(async (messenger) => {
      await this.#read(messenger, peer)
    })
  }

  async older(): Promise<void> {
    const { selected, entries } = this.state.value
    const [oldest] = entries
    if (selected === undefined || oldest === undefined) return
    await this.#act(async (messenger) => {
      const page = await messenger.history(selected, { limit: PAGE, before: oldest })
      if (this.state.value.selected !== selected) return
      this.state.change({ entries: [...page.reverse(), ...this.state.value.entries], hasOlder: page.length === PAGE })
    })
  }

  /** @returns whether it is kept: then it will be delivered, now or after any number of restarts */
  async send(text: string): Promise<boolean> {
    const { selected } = this.state.value
    if (selected === undefined || text.trim() === '') return false
    return this.#act(async (messenger) => {
      await messenger.send(selected, text)
      await this.#changed(messenger, selected)
    })
  }

  async sendFile(file: File, text: string): Promise<boolean> {
    const { selected } = this.state.value
    if (selected === undefined) return false
    return this.#act(async (messenger) => {
      const attachment = { blob: file, name: file.name, mimeType: file.type || 'application/octet-stream' }
      const caption = text.trim() === '' ? {} : { text: text.trim() }
      const isImage = /^image\/(png|jpeg|gif|webp|avif)$/.test(file.type)
      await messenger.send(selected, isImage ? { image: attachment, ...caption } : { file: attachment, ...caption })
      await this.#changed(messenger, selected)
    })
  }

  /** A `blob:` address of a file, which is fetched if need be. */
  fileUrl(of: PictureOf): Promise<string> {
    return this.#pictures?.url(of) ?? Promise.reject(new Error('the chat is not open'))
  }

  async deleteMessage(entry: HistoryEntry): Promise<void> {
    await this.#act(async (messenger) => {
      await messenger.deleteMessage(entry.peer, entry.id, { outgoing: entry.outgoing })
      await this.#changed(messenger, entry.peer)
    })
  }

  async block(peer: string): Promise<void> {
    await this.#act(async (messenger) => {
      await messenger.block(peer)
      await this.#tellPeople(messenger)
    })
  }

  async unblock(peer: string): Promise<void> {
    await this.#act(async (messenger) => {
      await messenger.addContact(peer)
      await this.#tellPeople(messenger)
    })
  }

  async addServer(url: string): Promise<boolean> {
    return this.#act(async (messenger) => {
      messenger.addRendezvousServer(url.trim())
      if (!this.#servers().includes(url.trim()))
        this.#keep({ ...this.#settings, servers: [...this.#settings.servers, url.trim()] })
      await this.#tellServers(messenger)
    })
  }

  async removeServer(url: string): Promise<void> {
    await this.#act(async (messenger) => {
      messenger.removeRendezvousServer(url)
      this.#keep({ ...this.#settings, servers: this.#settings.servers.filter((kept) => kept !== url) })
      await this.#tellServers(messenger)
    })
  }

  setTheme(theme: Settings['theme']): void {
    this.#keep({ ...this.#settings, theme })
    document.documentElement.dataset['theme'] = theme
    this.state.change({})
  }

  /** The network changed, or somebody looks at the page again. */
  refresh(isOnline: boolean): void {
    this.state.change({ isOnline })
    if (!isOnline) return
    this.#messenger?.retryNow()
    const { selected } = this.state.value
    if (this.#messenger && selected !== undefined && !document.hidden) void this.#read(this.#messenger, selected)
  }

  notify(notice: string): void {
    clearTimeout(this.#noticeTimer)
    this.state.change({ notice })
    this.#noticeTimer = setTimeout(() => this.state.change({ notice: '' }), 6_000)
  }

  async #begin(messenger: Messenger): Promise<void> {
    this.#messenger = messenger
    this.#pictures = new Pictures(messenger)
    this.#listenTo(messenger)
    for (const [peer, address] of Object.entries(this.#settings.addresses)) messenger.addAddress(peer, address)
    await this.#tellPeople(messenger)
    await this.#tellServers(messenger)
    this.#tellKnocks(messenger)
    const isNew = this.state.value.me?.name === ''
    this.state.change({ phase: { name: isNew ? 'welcome' : 'ready' } })
  }

  #listenTo(messenger: Messenger): void {
    const changed = ({ peer }: { peer: string }): void => void this.#changed(messenger, peer)
    messenger.on('message', async ({ from, fromName, text }) => {
      await this.#changed(messenger, from)
      if (this.state.value.selected !== from || document.hidden) this.notify(`${fromName}: ${text.slice(0, 80)}`)
    })
    messenger.on('delivered', ({ to }) => changed({ peer: to }))
    messenger.on('waiting', ({ to }) => changed({ peer: to }))
    messenger.on('edited', changed)
    messenger.on('contact', () => void this.#tellPeople(messenger))
    messenger.on('contactRequest', ({ peer }) => void this.#let(messenger, peer))
    messenger.on('state', (state) => {
      this.state.change({ links: new Map(this.state.value.links).set(state.peer, state) })
    })
    messenger.on('file', (event) => {
      const { state, doneBytes, sizeBytes } = event
      const transfers = new Map(this.state.value.transfers).set(transferKey(event), { state, doneBytes, sizeBytes })
      this.state.change({ transfers })
      if (state !== 'progress') changed(event)
    })
    messenger.on('knock', ({ name, peer }) => {
      this.#tellKnocks(messenger)
      this.notify(`${name || peer.slice(0, 8)} wants to talk to you`)
    })
    messenger.on('knockOver', () => this.#tellKnocks(messenger))
    messenger.on('rendezvous', () => void this.#tellServers(messenger))
    messenger.on('error', (error) => this.notify(sentence(error)))
  }

  /** They are let in already when they are contacts; who is none has to knock. */
  async #let(messenger: Messenger, peer: string): Promise<void> {
    if (this.#isContact(peer)) await this.#act((open) => open.acceptContact(peer))
    else await this.#tellPeople(messenger)
  }

  #isContact(peer: string): boolean {
    return this.state.value.people.some((person) => person.peer === peer && !person.isBlocked)
  }

  async #changed(messenger: Messenger, peer: string): Promise<void> {
    try {
      if (this.state.value.selected === peer) await this.#read(messenger, peer)
      await this.#tellPeople(messenger)
    } catch (error) {
      this.#tell(error)
    }
  }

  async #read(messenger: Messenger, peer: string): Promise<void> {
    const reading = ++this.#reading
    const limit = Math.max(PAGE, this.state.value.entries.length + 1)
    const page = await messenger.history(peer, { limit })
    if (reading !== this.#reading || this.state.value.selected !== peer) return
    this.state.change({ entries: page.reverse(), hasOlder: page.length === limit })
    if (document.hidden) return
    await messenger.markRead(peer)
    await this.#tellPeople(messenger)
  }

  async #tellPeople(messenger: Messenger): Promise<void> {
    const people = await peopleOf(messenger)
    this.state.change({ people })
    const unread = people.reduce((sum, person) => sum + person.unread, 0)
    document.title = unread > 0 ? `(${unread}) Mimir web chat` : 'Mimir web chat'
  }

  async #tellMe(messenger: Messenger): Promise<void> {
    this.state.change({ me: await meOf(messenger, this.#options.pageUrl) })
  }

  /** Our link names the servers, too. */
  async #tellServers(messenger: Messenger): Promise<void> {
    this.state.change({ servers: await serversOf(messenger) })
    await this.#tellMe(messenger)
  }

  #tellKnocks(messenger: Messenger): void {
    this.state.change({ knocks: knocksOf(messenger) })
  }

  #rememberAddress(messenger: Messenger, peer: string, address: string): void {
    messenger.addAddress(peer, address)
    this.#keep({ ...this.#settings, addresses: { ...this.#settings.addresses, [peer]: address } })
  }

  #servers(): string[] {
    return [...new Set([...this.#options.servers, ...this.#settings.servers])].slice(0, 8)
  }

  #keep(settings: Settings): void {
    this.#settings = settings
    saveSettings(this.#options.profile, settings)
  }

  /** @returns whether it went well; else people are told why */
  async #act(action: (messenger: Messenger) => Promise<void>): Promise<boolean> {
    const messenger = this.#messenger
    if (messenger === undefined) return false
    try {
      await action(messenger)
      return true
    } catch (error) {
      this.#tell(error)
      return false
    }
  }

  #tell(error: unknown): void {
    if (isMessengerError(error) && error.code === 'closed') return
    this.notify(sentence(error))
  }
}

function phaseOf(error: unknown, hadPassphrase: boolean): ChatState['phase'] {
  if (isMessengerError(error) && error.code === 'in-use') return { name: 'elsewhere' }
  if (isMessengerError(error) && error.code === 'passphrase') return { name: 'locked', isWrong: hadPassphrase }
  return { name: 'failed', message: sentence(error) }
}

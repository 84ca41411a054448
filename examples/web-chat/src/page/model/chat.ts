import { type HistoryEntry, isMessengerError, Messenger } from '@mimirjs/messenger'
import { Drafts } from './drafts.js'
import { readInvitation } from './invitation.js'
import { isPicture, type PictureOf, Pictures } from './pictures.js'
import { loadSettings, type Settings, saveSettings } from './settings.js'
import { type Candidate, type ChatState, FIRST_STATE, type FileToKeep, transferKey } from './state.js'
import { Watched } from './store.js'
import { knocksOf, meOf, peopleOf, serversOf } from './views.js'
import { sentence } from './words.js'

const PAGE = 60

export interface ChatOptions {
  /** Which person of this browser. */
  readonly profile: string
  /** Rendezvous servers that this page comes with. */
  readonly servers: readonly string[]
  readonly iceServers: readonly RTCIceServer[]
  /** The page's own address, without `#`. */
  readonly pageUrl: string
}

/**
 * Everything the page can do, over one messenger. Views watch {@link state} and call the rest. What a form does says what went
 * wrong, in a sentence, empty for nothing; what anything else does is said by {@link notify}.
 */
export class Chat {
  readonly state = new Watched<ChatState>(FIRST_STATE)
  /** Apart from the rest, for only one view changes with every letter. */
  readonly drafts: Drafts
  readonly #options: ChatOptions
  #settings: Settings
  #messenger: Messenger | undefined
  #pictures: Pictures | undefined
  #noticeTimer: ReturnType<typeof setTimeout> | undefined
  #reading = 0
  /** Settles when all files that were chosen are copied. */
  #copied: Promise<void> = Promise.resolve()
  #isClosing = false

  constructor(options: ChatOptions) {
    this.#options = options
    this.#settings = loadSettings(options.profile)
    this.drafts = new Drafts(options.profile)
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
      if (passphrase !== undefined) this.#keep({ ...this.#settings, hasPassphrase: true })
      await this.#begin(messenger)
    } catch (error) {
      const isNew = !this.#settings.hasPassphrase
      this.state.change({ phase: phaseOf(error, { isNew, isWrong: passphrase !== undefined }) })
    }
  }

  /** The page goes: what fails from now on is nobody's concern. */
  async close(): Promise<void> {
    this.#isClosing = true
    this.#pictures?.close()
    await this.#messenger?.close({ timeoutMs: 500 })
  }

  /** What others see as our name. */
  async rename(name: string): Promise<string> {
    if (name.trim() === '') return 'A name has at least one letter.'
    return this.#attempt(async (messenger) => {
      await messenger.setProfile({ name: name.trim() })
      await this.#tellMe(messenger)
      this.state.change({ phase: { name: 'ready' } })
    })
  }

  /** A link was opened, or something was pasted. Nothing happens before {@link add}. @returns why not, empty for nothing */
  consider(text: string): string {
    const candidate = readInvitation(text)
    if (candidate === undefined) return 'That names nobody: there is no link in it, and no key of 64 hex digits.'
    if (candidate.peer === this.state.value.me?.publicKey) return 'That is your own link: others open it to find you.'
    this.state.change({ candidate })
    return ''
  }

  dismissCandidate(): void {
    this.state.change({ candidate: undefined })
  }

  /** Make somebody a contact and ask them to do the same. */
  add(candidate: Candidate, useServers: boolean): Promise<string> {
    return this.#attempt(async (messenger) => {
      const name = candidate.name === '' ? {} : { name: candidate.name }
      const { peer } = await messenger.requestContact(candidate.person, name)
      if (candidate.address !== undefined) this.#rememberAddress(messenger, peer, candidate.address)
      if (useServers) for (const url of candidate.servers) await this.#act(() => this.#useServer(messenger, url))
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

  /** Send what is written to this person. Once it is kept it will be delivered, now or after any number of restarts. */
  async send(peer: string): Promise<void> {
    const text = this.drafts.take(peer)
    if (text.trim() === '') return
    const isKept = await this.#act(async (messenger) => {
      await messenger.send(peer, text.trimEnd())
      await this.#changed(messenger, peer)
    })
    if (!isKept) this.drafts.giveBack(peer, text)
  }

  /** Send them, with what is written beside the first. */
  sendFiles(peer: string, files: readonly File[]): void {
    if (files.length === 0) return
    const caption = this.drafts.take(peer)
    const chosen = files.map((file, at): FileToKeep => ({ peer, file, text: at === 0 ? caption : '' }))
    this.state.change({ copying: [...this.state.value.copying, ...chosen] })
    for (const each of chosen) this.#copied = this.#copied.then(() => this.#sendFile(each))
  }

  /** A `blob:` address of a file, which is fetched if need be. */
  fileUrl(of: PictureOf): Promise<string> {
    return this.#pictures?.url(of) ?? Promise.reject(new Error('the chat is not open'))
  }

  /** That of a file which is here; `undefined` for one that would have to be fetched. */
  async keptFileUrl(of: PictureOf): Promise<string | undefined> {
    return this.#pictures?.kept(of)
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

  addServer(url: string): Promise<string> {
    return this.#attempt((messenger) => this.#useServer(messenger, url.trim()))
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
    if (this.#messenger && selected !== undefined && !document.hidden) void this.#changed(this.#messenger, selected)
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
      const { state, doneBytes, sizeBytes, error } = event
      const transfer = { state, doneBytes, sizeBytes, why: error === undefined ? '' : sentence(error) }
      this.state.change({ transfers: new Map(this.state.value.transfers).set(transferKey(event), transfer) })
      if (state !== 'progress') changed(event)
    })
    messenger.on('knock', () => this.#tellKnocks(messenger))
    messenger.on('knockOver', () => this.#tellKnocks(messenger))
    messenger.on('rendezvous', () => void this.#tellServers(messenger))
    messenger.on('clock', () => void this.#tellServers(messenger))
    messenger.on('error', (error) => this.notify(this.#problemOf(error)))
  }

  async #sendFile(chosen: FileToKeep): Promise<void> {
    const { peer, file, text } = chosen
    const isKept = await this.#act(async (messenger) => {
      const attachment = { blob: file, name: file.name, mimeType: file.type || 'application/octet-stream' }
      const caption = text.trim() === '' ? {} : { text: text.trim() }
      const content = isPicture(file.type) ? { image: attachment } : { file: attachment }
      await messenger.send(peer, { ...content, ...caption })
      await this.#changed(messenger, peer)
    })
    this.state.change({ copying: this.state.value.copying.filter((other) => other !== chosen) })
    if (!isKept) this.drafts.giveBack(peer, text)
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
    await this.#act(async () => {
      if (this.state.value.selected === peer) await this.#read(messenger, peer)
      await this.#tellPeople(messenger)
    })
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
    this.state.change(await serversOf(messenger))
    await this.#tellMe(messenger)
  }

  async #useServer(messenger: Messenger, url: string): Promise<void> {
    messenger.addRendezvousServer(url)
    if (!this.#servers().includes(url)) this.#keep({ ...this.#settings, servers: [...this.#settings.servers, url] })
    await this.#tellServers(messenger)
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
    try {
      saveSettings(this.#options.profile, settings)
    } catch {
      this.notify('this browser keeps no settings: they count until you close the page')
    }
  }

  /** @returns whether it went well; else people are told why */
  async #act(action: (messenger: Messenger) => Promise<void>): Promise<boolean> {
    const problem = await this.#attempt(action)
    if (problem !== '' && !this.#isClosing) this.notify(problem)
    return problem === ''
  }

  /** @returns what went wrong, empty for nothing */
  async #attempt(action: (messenger: Messenger) => Promise<void>): Promise<string> {
    if (this.#messenger === undefined) return 'the chat is not open'
    try {
      await action(this.#messenger)
      return ''
    } catch (error) {
      return this.#problemOf(error)
    }
  }

  /** A sentence; and when another window has taken over, that is all there is to say. */
  #problemOf(error: unknown): string {
    if (!this.#isClosing && isElsewhere(error)) {
      this.state.change({ phase: { name: 'elsewhere' } })
      void this.close()
    }
    return sentence(error)
  }
}

function isElsewhere(error: unknown): boolean {
  return isMessengerError(error) && error.code === 'in-use'
}

function phaseOf(error: unknown, lock: { isNew: boolean; isWrong: boolean }): ChatState['phase'] {
  if (isElsewhere(error)) return { name: 'elsewhere' }
  if (isMessengerError(error) && error.code === 'passphrase') return { name: 'locked', ...lock }
  return { name: 'failed', message: sentence(error) }
}

import { describeFailure } from '../failure.js'
import type { ChatBackend, ChatContent, ChatEntry } from './backend.js'
import type { ChatEvent } from './model/event.js'
import type { Effect } from './model/state.js'
import { completePath, expandPath } from './paths.js'

export interface EffectsOptions {
  readonly backend: ChatBackend
  /** What paths are relative to. */
  readonly cwd: string
  dispatch(event: ChatEvent): void
  bell(): void
  redraw(): void
  suspend(): void
  quit(): void
}

type Of<Name extends Effect['do']> = Extract<Effect, { readonly do: Name }>

/** Entries that are read again after something was sent. */
const NEWEST_ENTRIES = 20

/** Does what the model wants done, and tells it what came of it. No call of the backend goes unanswered. */
export class Effects {
  readonly #options: EffectsOptions
  /** Reading and sending of one person, one after the other: what was read first is told first. */
  readonly #lines = new Map<string, Promise<void>>()
  #peopleWanted = 0
  #closed = false

  constructor(options: EffectsOptions) {
    this.#options = options
  }

  /** Wait until what is being sent is on disk or refused, but not for long; then nothing is told any more. */
  async close(timeoutMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, timeoutMs)
    })
    await Promise.race([Promise.all(this.#lines.values()), late])
    clearTimeout(timer)
    this.#closed = true
  }

  run(effect: Effect): void {
    switch (effect.do) {
      case 'read-people':
        this.#readPeople()
        break
      case 'read':
        if (effect.before === undefined) this.#options.backend.connect(effect.peer)
        this.#inLine(effect.peer, () => this.#read(effect))
        break
      case 'send':
        this.#inLine(effect.peer, () => this.#send(effect))
        break
      case 'connect':
        this.#options.backend.connect(effect.peer)
        break
      case 'mark-read':
        this.#inLine(effect.peer, () => this.#try(() => this.#options.backend.markRead(effect.peer)))
        break
      case 'search':
        void this.#search(effect)
        break
      case 'complete':
        void this.#complete(effect.text)
        break
      case 'save':
        void this.#save(effect.entry, effect.path)
        break
      case 'stop-transfer':
        void this.#try(() => this.#options.backend.stop(effect.peer, effect.id))
        break
      case 'meet':
        void this.#try(async () => {
          this.#tell({ type: 'open', peer: await this.#options.backend.meet(effect.person) })
        })
        break
      case 'name':
        void this.#change(() => this.#options.backend.name(effect.peer, effect.name))
        break
      case 'ask':
        void this.#change(() => this.#options.backend.ask(effect.peer, effect.message))
        break
      case 'answer':
        void this.#change(() => this.#options.backend.answer(effect.peer, effect.accept))
        break
      case 'block':
        void this.#change(() => this.#options.backend.block(effect.peer))
        break
      case 'remove':
        void this.#try(async () => {
          const { entry, everywhere } = effect
          await this.#options.backend.remove(entry, { everywhere })
          this.#tell({ type: 'removed', entry, everywhere })
        })
        break
      case 'read-members':
        void this.#try(async () => {
          const { peer } = effect
          this.#tell({ type: 'members', peer, members: await this.#options.backend.members(peer) })
        })
        break
      case 'invite':
        void this.#try(async () => {
          await this.#options.backend.invite(effect.peer, effect.person)
          this.#tell({ type: 'notice', kind: 'info', text: 'invited' })
        })
        break
      case 'leave':
        void this.#change(() => this.#options.backend.leave(effect.peer))
        break
      case 'retry':
        this.#options.backend.retryNow()
        break
      case 'bell':
        this.#options.bell()
        break
      case 'redraw':
        this.#options.redraw()
        break
      case 'suspend':
        this.#options.suspend()
        break
      case 'quit':
        this.#options.quit()
        break
    }
  }

  #tell(event: ChatEvent): void {
    if (!this.#closed) this.#options.dispatch(event)
  }

  /** What fails is said in the status line. */
  async #try(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      this.#tell({ type: 'notice', kind: 'error', text: describeFailure(error).message })
    }
  }

  #inLine(peer: string, work: () => Promise<void>): void {
    const line = (this.#lines.get(peer) ?? Promise.resolve()).then(work)
    this.#lines.set(peer, line)
    void line.then(() => this.#lines.get(peer) === line && this.#lines.delete(peer))
  }

  /** Asked for again while it is read: read once more afterwards, however often that was. */
  #readPeople(): void {
    if (++this.#peopleWanted > 1) return
    void this.#try(async () => {
      try {
        do {
          this.#peopleWanted = 1
          const { backend } = this.#options
          const [people, requests] = await Promise.all([backend.people(), backend.requests()])
          this.#tell({ type: 'people', people, requests })
        } while (this.#peopleWanted > 1)
      } finally {
        this.#peopleWanted = 0
      }
    })
  }

  async #read({ peer, before, limit }: Of<'read'>): Promise<void> {
    try {
      const range = before === undefined ? { limit } : { limit, before }
      const entries = await this.#options.backend.history(peer, range)
      this.#tell({ type: 'read', peer, older: before !== undefined, entries, start: entries.length < limit })
    } catch (error) {
      this.#tell({ type: 'read-failed', peer, reason: describeFailure(error).message })
    }
  }

  async #send({ peer, token, content }: Of<'send'>): Promise<void> {
    const { backend } = this.#options
    try {
      await backend.send(peer, this.#located(content))
      const entries = await backend.history(peer, { limit: NEWEST_ENTRIES })
      this.#tell({ type: 'sent', peer, token, entries })
    } catch (error) {
      this.#tell({ type: 'send-failed', peer, token, reason: describeFailure(error).message })
    }
  }

  #located(content: ChatContent): ChatContent {
    return 'path' in content ? { ...content, path: expandPath(content.path, this.#options.cwd) } : content
  }

  async #search({ token, text, peer }: Of<'search'>): Promise<void> {
    try {
      this.#tell({ type: 'found', token, entries: await this.#options.backend.search(text, peer) })
    } catch (error) {
      this.#tell({ type: 'found', token, entries: [] })
      this.#tell({ type: 'notice', kind: 'error', text: describeFailure(error).message })
    }
  }

  async #complete(typed: string): Promise<void> {
    const { text, hints } = await completePath(typed, this.#options.cwd)
    this.#tell({ type: 'completed', from: typed, text, hints })
  }

  async #save(entry: ChatEntry, path: string): Promise<void> {
    try {
      const saved = await this.#options.backend.save(entry, expandPath(path, this.#options.cwd))
      if (saved !== undefined) this.#tell({ type: 'saved', entry, path: saved })
    } catch (error) {
      this.#tell({ type: 'save-failed', entry, reason: describeFailure(error).message })
    }
  }

  /** Something about a person; the list is read again. */
  #change(work: () => Promise<void>): Promise<void> {
    return this.#try(async () => {
      await work()
      this.#readPeople()
    })
  }
}

import type { Connection, DataSink } from '@mimirjs/peer'
import type { DataHeader, TextFrame } from '@mimirjs/wire/peer'
import { MessengerError } from '../error.js'
import type { StoredFile } from '../store.js'
import { storeError } from '../store-access.js'
import { type Announcement, findAnnouncement, isSameFile } from './announcement.js'
import type { FilesContext } from './context.js'
import { Download } from './download.js'
import { withFile } from './file-error.js'
import { GuidNotes } from './guid-notes.js'
import { Landing } from './landing.js'
import { Locks } from './locks.js'
import { removeParts, removeStored, removeThenFiles } from './parts.js'
import { PeerSource } from './peer-source.js'
import { FileRecord } from './record.js'
import { LateSink } from './response-sink.js'
import { ServerSource } from './server-source.js'
import type { FileServers } from './servers.js'
import { Slots } from './slots.js'
import { resolveTarget } from './target.js'
import { Turns, type TurnsOptions } from './turns.js'
import type { DownloadedFile, DownloadOptions } from './types.js'
import { aborted } from './waiters.js'

/** All files that the user wants. */
export class Downloads {
  readonly #context: FilesContext
  readonly #servers: FileServers
  readonly #ownServer: string | undefined
  readonly #turns: Turns
  readonly #serverSlots: Slots
  readonly #landing: Landing
  /** An answer that comes too late is taken to its end and acknowledged: the sender waits for that. */
  readonly #asked = new GuidNotes()
  readonly #locks = new Locks()
  readonly #running = new Map<string, Map<bigint, Download>>()
  #isClosed = false

  constructor(
    context: FilesContext,
    servers: FileServers,
    ownServer: string | undefined,
    connections: Pick<TurnsOptions, 'connections' | 'kick'>,
  ) {
    this.#context = context
    this.#servers = servers
    this.#ownServer = ownServer
    this.#turns = new Turns({ ...connections, parallel: context.limits.peerDownloads })
    this.#serverSlots = new Slots(context.limits.serverDownloads)
    this.#landing = new Landing(context)
  }

  /** Go on with what was wanted when the last process ended. */
  async resume(): Promise<void> {
    const { store, report } = this.#context
    for (const { peer, guid } of await store.files('wanted')) {
      await this.#locks.run(keyOf(peer, guid), () => this.#admit(peer, guid, undefined)).catch(report)
    }
  }

  /** A download from this peer needs a connection, or uses one. */
  wants(peer: string): boolean {
    return this.#turns.has(peer)
  }

  async download(peer: string, guid: bigint, options: DownloadOptions): Promise<DownloadedFile> {
    const { signal, to } = options
    if (signal?.aborted) throw aborted(signal)
    const target = await resolveTarget(this.#context, to)
    for (;;) {
      const found = await this.#locks.run(keyOf(peer, guid), () =>
        this.#admit(peer, guid, to === undefined ? undefined : target),
      )
      if (!(found instanceof Download)) return found
      if (!found.isOver) return found.wait(options)
    }
  }

  async #admit(peer: string, guid: bigint, target: string | undefined): Promise<Download | DownloadedFile> {
    const { store, places } = this.#context
    const announcement = await this.#announcement(peer, guid)
    const running = await this.#runningNow(peer, guid)
    const known = await this.#row(peer, guid)
    const isSame = known !== undefined && isSameFile(known, announcement.file)
    if (running && isSame) {
      if (target !== undefined) await running.redirect(target)
      running.retryNow()
      return running
    }
    if (isSame && known.state === 'complete') {
      const { name, mimeType } = announcement
      const path = places.real(known.path)
      if (await this.#isThere(known, path)) return { path, name, mimeType, sizeBytes: known.sizeBytes }
    }
    // The sender has changed what the message announces.
    if (running) await running.stop('cancel')
    const path = target === undefined ? (isSame ? known.path : '') : places.stored(target)
    const file: StoredFile =
      isSame && known.state !== 'complete'
        ? { ...known, path, state: 'wanted' }
        : { ...announcement.file, path, state: 'wanted' }
    if (known?.state !== 'wanted' || known.path !== file.path || known.partPath !== file.partPath) {
      await store.putFile(file).catch((cause: unknown) => {
        throw storeError(cause)
      })
    }
    if (known && known.partPath !== file.partPath) {
      await removeParts(this.#context, this.#landing, known.partPath, known.path)
    }
    if (known && !isSame) await this.#removeComplete(known)
    return this.#start(announcement, file)
  }

  async #isThere({ sizeBytes }: StoredFile, path: string): Promise<boolean> {
    const there = await withFile('use', path, () => this.#context.disk.find(path))
    return there?.isFile() === true && there.size === sizeBytes
  }

  /**
   * @throws {MessengerError} `unknown-file` | `cannot-resume` when what has come would be lost: {@link cancel} does that |
   * `store`
   */
  pause(peer: string, guid: bigint): Promise<void> {
    return this.#locks.run(keyOf(peer, guid), async () => {
      const running = await this.#runningNow(peer, guid)
      if (running?.wouldLose) {
        const why = "the sender's program only sends files as a whole, so what has come would be lost"
        throw new MessengerError('cannot-resume', `the download goes on: ${why}; cancel it if you do not want it`)
      }
      if (running) await running.stop('pause')
      else await this.#demandRow(peer, guid)
    })
  }

  /** @throws {MessengerError} `unknown-file` | `store` */
  cancel(peer: string, guid: bigint): Promise<void> {
    return this.#locks.run(keyOf(peer, guid), async () => {
      const running = await this.#runningNow(peer, guid)
      if (running) await running.stop('cancel')
      const row = await this.#demandRow(peer, guid)
      if (row.state === 'complete' || (row.state === 'known' && row.partPath === '')) return
      await new FileRecord(this.#context.store, row).commit({ state: 'known', path: '', partPath: '', doneBytes: 0 })
      await removeParts(this.#context, this.#landing, row.partPath, row.path)
    })
  }

  /** The message is about to be deleted; `remove` does that. What is complete stays where it is the user's. */
  remove(peer: string, guid: bigint, remove: () => Promise<boolean>): Promise<boolean> {
    return this.#locks.run(keyOf(peer, guid), async () => {
      const running = await this.#runningNow(peer, guid)
      // What it could not write down, it has reported; the row goes anyhow.
      await running?.stop('cancel').catch(() => {})
      const row = await this.#row(peer, guid)
      return removeThenFiles(remove, async () => {
        if (row === undefined) return
        await removeParts(this.#context, this.#landing, row.partPath, row.path)
        await this.#removeComplete(row)
      })
    })
  }

  /** What is complete and no message announces any more, where nobody but us gets at it. */
  async #removeComplete({ state, path }: StoredFile): Promise<void> {
    if (state === 'complete' && this.#context.disk.isPrivate) await removeStored(this.#context, path)
  }

  retryNow(): void {
    for (const download of this.#all()) download.retryNow()
  }

  attached(peer: string): void {
    this.#turns.look(peer)
  }

  detached(peer: string, connection: Connection): void {
    for (const guid of this.#running.get(peer)?.keys() ?? []) this.#peerSource(peer, guid)?.lost(connection)
  }

  sink(peer: string, connection: Connection, header: DataHeader): DataSink | undefined {
    const source = this.#peerSource(peer, header.guid)
    if (source?.isFetching) return source.sink(connection, header)
    return this.#asked.has(connection, header.guid) ? new LateSink(connection, header.guid) : undefined
  }

  inline(peer: string, connection: Connection, frame: TextFrame): void {
    const { guid } = frame
    if (this.#peerSource(peer, guid)?.inline(connection, frame)) return
    if (this.#asked.has(connection, guid)) connection.acknowledge(guid)
    else connection.refuse(guid)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.allSettled(this.#all().map((download) => download.stop('close')))
  }

  #all(): Download[] {
    return [...this.#running.values()].flatMap((ofPeer) => [...ofPeer.values()])
  }

  #announcement(peer: string, guid: bigint): Promise<Announcement> {
    return findAnnouncement(this.#context.store, peer, guid, this.#ownServer)
  }

  async #row(peer: string, guid: bigint): Promise<StoredFile | undefined> {
    try {
      return await this.#context.store.file(peer, false, guid)
    } catch (cause) {
      throw storeError(cause)
    }
  }

  async #demandRow(peer: string, guid: bigint): Promise<StoredFile> {
    const row = await this.#row(peer, guid)
    if (row) return row
    throw new MessengerError('unknown-file', `no file of message ${guid} from ${peer} was asked for`)
  }

  /** One that is on its way out is waited for. */
  async #runningNow(peer: string, guid: bigint): Promise<Download | undefined> {
    for (;;) {
      const running = this.#running.get(peer)?.get(guid)
      if (!running?.isOver) return running
      await running.ended.catch(() => {})
    }
  }

  #start(announcement: Announcement, file: StoredFile): Download {
    if (this.#isClosed) throw new MessengerError('closed', 'the messenger is closed')
    const { peer, guid } = file
    const record = new FileRecord(this.#context.store, file)
    const download = new Download(this.#context, announcement, record, this.#landing, (events) => {
      const { key } = file
      return key
        ? new ServerSource(this.#context, { ...file, key }, events, this.#servers, this.#serverSlots)
        : new PeerSource(this.#context, file, events, this.#turns, this.#asked)
    })
    const ofPeer = this.#running.get(peer) ?? new Map<bigint, Download>()
    this.#running.set(peer, ofPeer.set(guid, download))
    const forget = (): void => {
      if (ofPeer.delete(guid) && ofPeer.size === 0) this.#running.delete(peer)
    }
    download.ended.then(forget, forget)
    return download
  }

  #peerSource(peer: string, guid: bigint): PeerSource | undefined {
    const source = this.#running.get(peer)?.get(guid)?.source
    return source instanceof PeerSource ? source : undefined
  }
}

function keyOf(peer: string, guid: bigint): string {
  return `${peer}${guid}`
}

import { isMessengerError, type Messenger } from '@mimirjs/messenger'
import { transferKey } from './state.js'

/** Picture types that the browser draws and that run no script. */
const PICTURE = /^image\/(png|jpeg|gif|webp|avif)$/
/** What is larger is neither fetched nor read without being asked for. */
export const MAX_UNASKED_BYTES = 10_485_760

export const isPicture = (mimeType: string): boolean => PICTURE.test(mimeType)

/** What names one file of a conversation. */
export interface PictureOf {
  readonly peer: string
  readonly id: string
  readonly outgoing: boolean
}

/** Files of messages as `blob:` addresses, each made once and only when somebody looks. */
export class Pictures {
  readonly #messenger: Messenger
  readonly #urls = new Map<string, Promise<string>>()

  constructor(messenger: Messenger) {
    this.#messenger = messenger
  }

  /** Fetches the file first, if it is still with its sender. Rejects with the messenger's error. */
  url(of: PictureOf): Promise<string> {
    const key = transferKey(of)
    const known = this.#urls.get(key)
    if (known !== undefined) return known
    const url = this.#load(of).then((blob) => URL.createObjectURL(blob))
    this.#urls.set(key, url)
    // A failure is not kept: the next look tries again.
    url.catch(() => this.#urls.delete(key))
    return url
  }

  /** Of a file that is here; `undefined` for one that is still with its sender. Rejects with the messenger's error. */
  async kept(of: PictureOf): Promise<string | undefined> {
    const known = this.#urls.get(transferKey(of))
    if (known !== undefined) return known
    const blob = await this.#here(of)
    if (blob === undefined) return undefined
    const url = URL.createObjectURL(blob)
    this.#urls.set(transferKey(of), Promise.resolve(url))
    return url
  }

  close(): void {
    for (const url of this.#urls.values())
      url.then(
        (made) => URL.revokeObjectURL(made),
        () => {},
      )
    this.#urls.clear()
  }

  async #load(of: PictureOf): Promise<Blob> {
    const here = await this.#here(of)
    if (here !== undefined) return here
    await this.#messenger.download(of)
    return this.#messenger.fileBlob(of)
  }

  async #here(of: PictureOf): Promise<Blob | undefined> {
    try {
      return await this.#messenger.fileBlob(of)
    } catch (error) {
      if (of.outgoing || !isMessengerError(error) || error.code !== 'unknown-file') throw error
      return undefined
    }
  }
}

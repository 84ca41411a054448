/** What is known of a file that is on disk. */
export interface IndexedFile {
  /** Hex of the first uploader's key, who is charged for it. */
  readonly uploader: string
  readonly guid: bigint
  readonly uploadedAtSeconds: number
  readonly sizeBytes: number
}

/** The files of a server by the hex of their hash, and who is charged for how much. */
export class FileIndex {
  readonly #files = new Map<string, IndexedFile>()
  readonly #usedBytes = new Map<string, number>()
  #storedBytes = 0
  /** Bytes in unfinished uploads: kept by the connections that they belong to. */
  temporaryBytes = 0

  get files(): number {
    return this.#files.size
  }

  get storedBytes(): number {
    return this.#storedBytes
  }

  get(hash: string): IndexedFile | undefined {
    return this.#files.get(hash)
  }

  has(hash: string): boolean {
    return this.#files.has(hash)
  }

  usedBytes(uploader: string): number {
    return this.#usedBytes.get(uploader) ?? 0
  }

  add(hash: string, file: IndexedFile): void {
    this.#files.set(hash, file)
    this.#charge(file.uploader, file.sizeBytes)
  }

  delete(hash: string): void {
    const file = this.#files.get(hash)
    if (file === undefined) return
    this.#files.delete(hash)
    this.#charge(file.uploader, -file.sizeBytes)
  }

  /** Hashes of the files that were uploaded before. */
  before(seconds: number): string[] {
    return [...this.#files].filter(([, file]) => file.uploadedAtSeconds < seconds).map(([hash]) => hash)
  }

  #charge(uploader: string, sizeBytes: number): void {
    this.#storedBytes += sizeBytes
    const usedBytes = this.usedBytes(uploader) + sizeBytes
    if (usedBytes > 0) this.#usedBytes.set(uploader, usedBytes)
    else this.#usedBytes.delete(uploader)
  }
}

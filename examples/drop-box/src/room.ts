import { readdir, stat } from 'node:fs/promises'
import path from 'node:path'

/** How much may be kept: whoever comes may send, so there is an end to it. */
export class Room {
  readonly #maxBytes: number
  #usedBytes: number

  private constructor(maxBytes: number, usedBytes: number) {
    this.#maxBytes = maxBytes
    this.#usedBytes = usedBytes
  }

  /** With what is in the folder already. */
  static async measure(folder: string, maxBytes: number): Promise<Room> {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true })
    const sizes = entries
      .filter((entry) => entry.isFile())
      .map(async (entry) => (await stat(path.join(entry.parentPath, entry.name))).size)
    return new Room(
      maxBytes,
      (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0),
    )
  }

  /** @returns whether there was so much room; it is taken then */
  take(bytes: number): boolean {
    if (this.#usedBytes + bytes > this.#maxBytes) return false
    this.#usedBytes += bytes
    return true
  }

  giveBack(bytes: number): void {
    this.#usedBytes -= bytes
  }
}

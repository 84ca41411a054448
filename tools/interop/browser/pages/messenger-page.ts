// Somebody whose messenger lives in a page. The tests call it from Node.
import { Messenger, type MessengerOptions } from '@mimirjs/messenger'

export class Resident {
  readonly key: string
  readonly errors: string[] = []
  readonly #messenger: Messenger

  private constructor(messenger: Messenger) {
    this.#messenger = messenger
    this.key = messenger.publicKey
    messenger.on('message', () => {})
    messenger.on('error', ({ code, message }) => this.errors.push(`${code}: ${message}`))
  }

  static async open(name: string, options: MessengerOptions = {}): Promise<Resident> {
    return new Resident(await Messenger.open(name, { retry: { minMs: 100, maxMs: 1_000 }, ...options }))
  }

  /** The code of the error that it is refused with. */
  static async refusal(name: string): Promise<string> {
    return Resident.open(name).then(
      () => 'opened',
      ({ code }: { code: string }) => code,
    )
  }

  meet(person: string, address: string): void {
    this.#messenger.addAddress(person, address)
  }

  async send(person: string, text: string): Promise<void> {
    await this.#messenger.send(person, text)
  }

  /** Write one number after the other, and tell the console of those that are kept. It ends with the page. */
  async count(person: string, from: number): Promise<void> {
    for (let number = from; ; number++) {
      await this.#messenger.send(person, String(number))
      console.log(`kept ${number}`)
    }
  }

  /** Write texts that do not compress, at most so many. @returns what is said of the first one that is not kept */
  async sendUntilRefused(person: string, count: number, sizeBytes = 60_000): Promise<string> {
    for (let number = 0; number < count; number++) {
      try {
        await this.#messenger.send(person, btoa(String.fromCharCode(...noise(sizeBytes))))
      } catch (error) {
        const { code, message } = error as { code: string; message: string }
        return `${code}: ${message}`
      }
    }
    return 'all of them are kept'
  }

  /** What was said by one of the two, oldest first. */
  async said(person: string, outgoing: boolean): Promise<string[]> {
    const entries = await this.#messenger.history(person, { limit: 10_000 })
    return entries
      .filter((entry) => entry.outgoing === outgoing)
      .map(({ text }) => text ?? '')
      .reverse()
  }

  async sendFile(person: string, sizeBytes: number): Promise<void> {
    const piece = new Uint8Array(65_536).map((_, at) => at)
    const blob = new Blob(Array.from({ length: sizeBytes / piece.length }, () => piece))
    await this.#messenger.send(person, { file: { blob, name: 'numbers.bin' } })
  }

  /** A file that does not compress, of whole pieces of 64 KiB. */
  async sendNoise(person: string, sizeBytes: number): Promise<void> {
    const blob = new Blob(Array.from({ length: sizeBytes / 65_536 }, () => noise(65_536)))
    await this.#messenger.send(person, { file: { blob, name: 'noise.bin' } })
  }

  /** Delete what we said first, or last. @returns what is said of that when it is refused */
  async delete(person: string, which: 'first' | 'last'): Promise<string> {
    const entries = await this.#messenger.history(person, { limit: 10_000 })
    const entry = entries.at(which === 'first' ? -1 : 0)
    if (entry === undefined) return 'there is nothing'
    return this.#messenger.deleteMessage(person, entry.id, { outgoing: true }).then(
      () => 'deleted',
      ({ code, message }: { code: string; message: string }) => `${code}: ${message}`,
    )
  }

  close(): Promise<void> {
    return this.#messenger.close()
  }
}

function noise(sizeBytes: number): Uint8Array<ArrayBuffer> {
  return crypto.getRandomValues(new Uint8Array(sizeBytes))
}

export interface MessengerPageGlobals {
  Resident: typeof Resident
}

;(globalThis as unknown as MessengerPageGlobals).Resident = Resident

/** Text that comes piece by piece, to be waited for. */
export class Lines {
  #text = ''
  readonly #watchers = new Set<() => void>()

  push(piece: string): void {
    this.#text += piece
    for (const watcher of [...this.#watchers]) watcher()
  }

  get text(): string {
    return this.#text
  }

  /** Whole lines so far. */
  get all(): string[] {
    return this.#text.split('\n').slice(0, -1)
  }

  get json(): Record<string, unknown>[] {
    return this.all.map((line) => JSON.parse(line) as Record<string, unknown>)
  }

  /** The first line that fits, now or later. A test that waits in vain fails by its own time limit. */
  line(fits: (line: string) => boolean): Promise<string> {
    return new Promise((resolve) => {
      const look = (): void => {
        const found = this.all.find(fits)
        if (found === undefined) return
        this.#watchers.delete(look)
        resolve(found)
      }
      this.#watchers.add(look)
      look()
    })
  }

  /** The first JSON line of this event that fits. */
  async event(
    name: string,
    fits: (event: Record<string, unknown>) => boolean = () => true,
  ): Promise<Record<string, unknown>> {
    const line = await this.line((text) => {
      const event = JSON.parse(text) as Record<string, unknown>
      return event['event'] === name && fits(event)
    })
    return JSON.parse(line) as Record<string, unknown>
  }
}

/** Work on each group one piece after the other; what fails keeps nobody waiting. */
export class TurnsByGroup {
  readonly #last = new Map<string, Promise<void>>()

  run<T>(group: string, work: () => Promise<T>): Promise<T> {
    const result = (this.#last.get(group) ?? Promise.resolve()).then(work)
    const end = (): void => {
      if (this.#last.get(group) === last) this.#last.delete(group)
    }
    const last = result.then(end, end)
    this.#last.set(group, last)
    return result
  }
}

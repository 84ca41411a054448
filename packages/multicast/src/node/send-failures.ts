import { MulticastError } from '../error.js'
import type { MachineSession, Place } from '../machine/index.js'

/** What the system did not send. Told once for each reason: what is repeated every second fails every second. */
export class SendFailures {
  /** Datagrams of those asked about. */
  count = 0
  readonly #report: (error: MulticastError) => void
  /** Places belong to the machine: when it forgets one, so do we. */
  readonly #byPlace = new WeakMap<Place, MulticastError>()
  readonly #told = new Set<string>()

  constructor(report: (error: MulticastError) => void) {
    this.#report = report
  }

  note(place: Place, error: MulticastError | undefined): void {
    if (error === undefined) {
      this.#byPlace.delete(place)
      return
    }
    this.count++
    this.#byPlace.set(place, error)
    const reason = reasonOf(error)
    if (this.#told.has(reason)) return
    this.#told.add(reason)
    this.#report(error)
  }

  /** Silence of the other side, explained where nothing has gone out to it. */
  explain(session: MachineSession, error: MulticastError): MulticastError {
    if (error.code !== 'no-response' && error.code !== 'no-answer') return error
    for (const place of session.places) {
      const cause = this.#byPlace.get(place)
      if (cause !== undefined) return new MulticastError(error.code, `${error.message} (${cause.message})`, { cause })
    }
    return error
  }
}

/** The system's code; messages have the place in them. */
function reasonOf({ cause, message }: MulticastError): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : message
}

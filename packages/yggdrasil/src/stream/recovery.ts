import type { RateControl } from './rate.js'
import type { Scoreboard } from './scoreboard.js'

/** Where so many are missing all are sent again, not one after the other as each turns out to be missing. */
const DENSE_SEGMENTS = 3
const DENSE_PART = 0.33

type State =
  | 'none'
  | 'asked' // the first segment was sent again; the answer tells whether the others are lost, too
  | 'doubted' // there was an answer, and it may be to what was sent first: perhaps nothing was lost at all
  | 'all' // what is given up is sent again, in order

/** What is taken for lost without proof: after silence, and where so much is missing that proof would take long. */
export class Recovery {
  readonly #board: Scoreboard
  readonly #rate: RateControl
  #state: State = 'none'
  /** What was sent before ends there. */
  #suspectEnd = 0

  constructor(board: Scoreboard, rate: RateControl) {
    this.#board = board
    this.#rate = rate
  }

  get isUnderWay(): boolean {
    return this.#state !== 'none'
  }

  /** Nothing came back for long: everything may be lost, or only slow. The first segment is sent again to find out. */
  timedOut(): void {
    if (this.#state === 'none') {
      this.#suspectEnd = this.#board.nxt
      this.#rate.onTimeout()
    }
    this.#board.giveUpAll()
    this.#state = 'asked'
  }

  /**
   * The number has advanced. After a timeout the first answer does not tell whether it is to what was sent first or
   * again. What comes next does: if more is acknowledged that was sent only once, nothing was lost, and the path has
   * become slower. What is lost nevertheless is found as ever.
   * @param isLate - something came that was taken for lost
   */
  advanced(ack: number, isLate: boolean): void {
    if (this.#state !== 'none') {
      if (ack >= this.#suspectEnd || isLate || this.#state === 'doubted') {
        this.#state = 'none'
        this.#board.takeBackAll()
        this.#rate.onRecovered()
      } else if (this.#state === 'asked') {
        this.#state = 'doubted'
      }
    }
    if (this.#state === 'none' && ack >= this.#suspectEnd) this.#lookForMany()
  }

  /** The number was repeated: something is lost. */
  repeated(): void {
    if (this.#state === 'doubted') this.#state = 'all'
  }

  /** Whether what is given up is to be sent again. @param canAskOtherwise - there is something new to send */
  isToBeSent(canAskOtherwise: boolean): boolean {
    if (this.#state === 'doubted' && !canAskOtherwise) this.#state = 'all'
    return this.#state !== 'asked' && this.#state !== 'doubted'
  }

  /** One gap in each round trip would take long. */
  #lookForMany(): void {
    const board = this.#board
    if (!board.isFrontLost || board.hasReports) return
    const { settled, missing } = board.countMissing()
    this.#rate.onLoss(missing)
    if (missing < DENSE_SEGMENTS || missing < DENSE_PART * settled) return
    this.#state = 'all'
    this.#suspectEnd = board.giveUpSettled()
  }
}

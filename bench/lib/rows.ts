/** One published figure: ours beside something measured in the same run. The JSON file is a list of these. */
export interface Row {
  /** `<subject>.<what>/<against what>`, stable between releases. */
  readonly id: string
  /** Ours, the median of all rounds. */
  readonly value: number
  readonly unit: string
  /** The other one, the median of the same rounds, in the same unit. */
  readonly against: number
  /** Higher is better: value / against for rates, against / value for costs. */
  readonly ratio: number
  /** What we commit to; rows without one inform. */
  readonly target?: number
}

/** What one subject hands back: its rows, and remarks a reader needs to judge them. */
export interface Report {
  readonly rows: readonly Row[]
  readonly notes: readonly string[]
}

/** A rate: more is better. */
export function rateRow(id: string, unit: string, value: number, against: number, target?: number): Row {
  return { id, value, unit, against, ratio: value / against, ...(target === undefined ? {} : { target }) }
}

/** A cost: less is better, so a limit of "at most twice" is a target of 0.5. */
export function costRow(id: string, unit: string, value: number, against: number, target?: number): Row {
  return { id, value, unit, against, ratio: against / value, ...(target === undefined ? {} : { target }) }
}

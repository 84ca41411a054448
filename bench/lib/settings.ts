/** How long and how often to measure. Passed from the command line to every subject. */
export interface Settings {
  readonly rounds: number
  /** Milliseconds of one sample of a CPU-bound row. */
  readonly spinMs: number
  /** Milliseconds of one sample of a network row. */
  readonly networkMs: number
  /** How often a sample is taken at most, when other programs disturb it. */
  readonly tries: number
  /** Idle connections of the memory rows. */
  readonly idleConnections: number
  readonly quick: boolean
}

export const FULL: Settings = {
  rounds: 7,
  spinMs: 150,
  networkMs: 1_000,
  tries: 3,
  idleConnections: 2_000,
  quick: false,
}

/** A run that only shows that everything still works. */
export const QUICK: Settings = { rounds: 1, spinMs: 20, networkMs: 80, tries: 1, idleConnections: 100, quick: true }

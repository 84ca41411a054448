import type { Outcome } from '../lib/steps.mjs'

/** Our packages against something that is not ours. */
export interface Suite {
  readonly name: string
  readonly about: string
  /** What the machine must have, for people. */
  readonly needs: string
  /** What is missing on this machine; `undefined` when nothing is. Under MIMIR_CI=1 it may install what it can. */
  check(): string | undefined
  run(): Promise<Outcome>
}

/** Under which nothing may be left out, and what is missing is installed. */
export const MIMIR_CI: boolean = process.env['MIMIR_CI'] === '1'

import type { FilesSidecar } from '@mimirjs/wire/files'
import { Refusal } from './refusal.js'

/** What a session wants done. Temporary files are known by names that no two connections share. */
export type Step =
  | { readonly type: 'answer'; readonly frame: Uint8Array }
  /** An empty temporary file, in place of one of that name. */
  | { readonly type: 'create'; readonly name: string }
  | { readonly type: 'append'; readonly name: string; readonly bytes: Uint8Array }
  /** The temporary file is complete and is what it should be: keep it under its hash, and say so in the index. */
  | { readonly type: 'store'; readonly name: string; readonly hash: string; readonly sidecar: FilesSidecar }
  | { readonly type: 'discard'; readonly name: string }
  /** A stored file, to be read until `shut`. */
  | { readonly type: 'open'; readonly hash: string }
  | { readonly type: 'read'; readonly offsetBytes: number; readonly sizeBytes: number }
  | { readonly type: 'shut' }
  /** Nothing more will be said: end the stream in order. */
  | { readonly type: 'end' }

/** What came of a step on disk. */
export interface StepResult {
  /** Why it failed, in a few words. */
  readonly failure?: string
  /** What was read. */
  readonly bytes?: Uint8Array
}

export type Steps = Generator<Step, void, StepResult>

/** @throws a Refusal when the step failed */
export function succeed(what: string, result: StepResult): StepResult {
  if (result.failure !== undefined) throw new Refusal(`${what}: ${result.failure}`)
  return result
}

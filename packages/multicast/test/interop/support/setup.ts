// Built once for all files of the run.
import type { TestProject } from 'vitest/node'
import { buildModel, type Mp2pPrograms } from '../../../../../interop/multicast/go.js'
import { buildOriginal } from '../../../../../interop/multicast/original.js'

declare module 'vitest' {
  export interface ProvidedContext {
    /** By name: the model always, the original when it was to be had. */
    counterparts: Readonly<Record<string, Mp2pPrograms>>
    watch: string
  }
}

export function setup(project: TestProject): void {
  const { server, client, watch } = buildModel()
  const original = buildOriginal()
  if ('missing' in original) console.warn(withoutOriginal(original.missing))
  project.provide('watch', watch)
  project.provide('counterparts', {
    model: { server, client },
    ...('programs' in original ? { original: original.programs } : {}),
  })
}

/** A line that the suite repeats. */
function withoutOriginal(reason: string): string {
  return `\nWITHOUT THE ORIGINAL, AGAINST ITS MODEL ONLY: MIMIR_MP2P=FOLDER names a checkout of it; ${reason}\n`
}

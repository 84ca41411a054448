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
  if ('missing' in original) console.warn(`\nWITHOUT THE ORIGINAL, ONLY ITS MODEL: ${original.missing}\n`)
  project.provide('watch', watch)
  project.provide('counterparts', {
    model: { server, client },
    ...('programs' in original ? { original: original.programs } : {}),
  })
}

// Built once for all files of the run.
import type { TestProject } from 'vitest/node'
import { buildPrograms, type GoPrograms } from '../../../../../interop/yggdrasil/go.js'

declare module 'vitest' {
  export interface ProvidedContext {
    goPrograms: GoPrograms
  }
}

export function setup(project: TestProject): void {
  project.provide('goPrograms', buildPrograms())
}

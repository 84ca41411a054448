// Started once for all files of the run; each file uses schemas and subjects of its own.
import type { TestProject } from 'vitest/node'
import { startNats, startPostgres } from './servers.js'

declare module 'vitest' {
  export interface ProvidedContext {
    postgresUrl: string
    natsUrl: string
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const postgres = await startPostgres()
  try {
    const nats = await startNats()
    project.provide('postgresUrl', postgres.url)
    project.provide('natsUrl', nats.url)
    return async () => {
      await Promise.all([postgres.stop(), nats.stop()])
    }
  } catch (error) {
    await postgres.stop()
    throw error
  }
}

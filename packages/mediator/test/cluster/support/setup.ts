// Started once for all files of the run; each file uses schemas and subjects of its own.
import type { TestProject } from 'vitest/node'
import { type Server, startNats, startPostgres } from './servers.js'

declare module 'vitest' {
  export interface ProvidedContext {
    postgresUrl: string
    natsUrl: string
  }
}

const started: Server[] = []

export async function setup(project: TestProject): Promise<void> {
  try {
    const postgres = await startPostgres()
    started.push(postgres)
    const nats = await startNats()
    started.push(nats)
    project.provide('postgresUrl', postgres.url)
    project.provide('natsUrl', nats.url)
  } catch (error) {
    await teardown()
    throw error
  }
}

export async function teardown(): Promise<void> {
  await Promise.all(started.splice(0).map((server) => server.stop()))
}

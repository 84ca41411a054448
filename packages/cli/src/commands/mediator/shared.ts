import type { Bus, MediatorStore } from '@mimirjs/mediator'
import { CliError } from '../../error.js'

export interface SharedOptions {
  /** URL of a PostgreSQL database. */
  readonly postgres?: string
  /** URL of a NATS server. */
  readonly nats?: string
}

/** What several mediators share; nothing, when this one is alone. */
export interface Shared extends AsyncDisposable {
  readonly store: MediatorStore | undefined
  readonly bus: Bus | undefined
}

/**
 * PostgreSQL and NATS are loaded only when they are asked for: most installations have neither library.
 * @throws {CliError} `usage`; {MediatorServerError} `store` | `store-newer` | `bus`
 */
export async function openShared({ postgres, nats }: SharedOptions): Promise<Shared> {
  const store = postgres === undefined ? undefined : await openPostgres(postgres)
  try {
    const bus = nats === undefined ? undefined : await openNats(nats)
    return {
      store,
      bus,
      async [Symbol.asyncDispose]() {
        await bus?.close()
        await store?.close()
      },
    }
  } catch (error) {
    await store?.close()
    throw error
  }
}

async function openPostgres(connectionString: string): Promise<MediatorStore> {
  const { openPostgresStore } = await installed(import('@mimirjs/mediator/postgres'), 'pg')
  return openPostgresStore({ connectionString })
}

async function openNats(servers: string): Promise<Bus> {
  const { openNatsBus } = await installed(import('@mimirjs/mediator/nats'), '@nats-io/transport-node')
  return openNatsBus({ servers })
}

/** @throws {CliError} `usage` when the library behind it is not there */
async function installed<T>(module: Promise<T>, library: string): Promise<T> {
  try {
    return await module
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
    if (code !== 'ERR_MODULE_NOT_FOUND') throw cause
    throw new CliError('usage', `this takes the library ${library}: npm install ${library} beside @mimirjs/cli`, {
      cause,
    })
  }
}

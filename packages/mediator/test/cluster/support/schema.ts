import pg from 'pg'
import { inject } from 'vitest'
import { openPostgresStore, type PostgresStoreOptions } from '../../../src/postgres.js'
import type { OpenedStore } from '../../stores/suite.js'

let count = 0

/** A name that no other test of this run has. */
export function newSchema(): string {
  return `test_${process.pid}_${count++}`
}

/** Run one statement as the administrator that the tests are. */
export async function execute(sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: inject('postgresUrl') })
  await client.connect()
  try {
    const { rows } = await client.query<Record<string, unknown>>(sql)
    return rows
  } finally {
    await client.end()
  }
}

/** A store in a schema of its own, which goes away with it. */
export async function openSchema(
  options: PostgresStoreOptions = {},
): Promise<OpenedStore & { readonly schema: string }> {
  const schema = newSchema()
  const store = await openPostgresStore({ connectionString: inject('postgresUrl'), schema, ...options })
  return {
    store,
    schema,
    done: async () => {
      await store.close()
      await execute(`DROP SCHEMA ${schema} CASCADE`)
    },
  }
}

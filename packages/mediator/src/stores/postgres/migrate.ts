import type { ClientBase } from 'pg'
import { MediatorServerError } from '../../error.js'
import { MIGRATIONS } from './schema.js'

/** Key of the advisory lock under which the schema is changed: "MiMe", and the kind of work. */
const LOCK = (0x4d694d65n << 32n) | 1n

/**
 * Bring the schema up to date, in one transaction; processes that start at the same time do it one after the other.
 * @throws {MediatorServerError} `store-newer`
 */
export async function migrate(client: ClientBase, schema: string): Promise<void> {
  await client.query('BEGIN')
  try {
    await client.query(`SELECT pg_advisory_xact_lock(${LOCK})`)
    // Without asking, a role that may not create schemas could not use one that was made for it.
    const found = await client.query('SELECT FROM pg_namespace WHERE nspname = $1', [schema])
    if (found.rowCount === 0) await client.query(`CREATE SCHEMA ${schema}`)
    await client.query(`CREATE TABLE IF NOT EXISTS ${schema}.schema_version (version integer NOT NULL)`)
    const { rows } = await client.query<{ version: number }>(`SELECT version FROM ${schema}.schema_version`)
    const version = rows[0]?.version ?? 0
    if (version > MIGRATIONS.length) {
      throw new MediatorServerError(
        'store-newer',
        `schema ${schema} is of version ${version}, known up to ${MIGRATIONS.length}: update this program`,
      )
    }
    for (const sql of MIGRATIONS.slice(version)) await client.query(sql.replaceAll('$schema', schema))
    if (rows.length === 0) await client.query(`INSERT INTO ${schema}.schema_version VALUES (${MIGRATIONS.length})`)
    else if (version < MIGRATIONS.length) {
      await client.query(`UPDATE ${schema}.schema_version SET version = ${MIGRATIONS.length}`)
    }
    await client.query('COMMIT')
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {})
    throw error
  }
}

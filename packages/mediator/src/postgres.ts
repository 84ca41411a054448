export { openPostgresStore, type PostgresPool, type PostgresStoreOptions } from './stores/postgres.js'

export { openPostgresStore, type PostgresStoreOptions } from './stores/postgres.js'

// What a messenger stands on under Node: `#platform` leads here, unless a bundler builds for browsers.
export { basename, dirname, extname, isAbsolute, join, relative, resolve, sep } from 'node:path'
export { openSqliteStore, type SqliteStoreOptions } from '../store-sqlite.js'
export { CallScopes } from './node/call-scopes.js'
export { DEFAULT_GENERATION, openParts, rendezvousPlatform } from './node/parts.js'
export { type Closable, type CloseOnSignalsOptions, closeOnSignals } from './node/signals.js'

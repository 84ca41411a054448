// What a messenger stands on in a browser. Its exports are those of `node.ts`.
export { CallScopes } from './browser/call-scopes.js'
export { DEFAULT_GENERATION, openParts, rendezvousPlatform } from './browser/parts.js'
export { basename, dirname, extname, isAbsolute, join, relative, resolve, sep } from './browser/paths.js'
export { type Closable, type CloseOnSignalsOptions, closeOnSignals } from './browser/signals.js'
export { openSqliteStore, type SqliteStoreOptions } from './browser/sqlite.js'

export {
  type Database,
  type OpenOptions,
  openDatabase,
  type Row,
  type Statement,
  type StatementOptions,
} from './database.js'
export type { DriverName, RunResult, Value } from './driver.js'
export { isStoreError, StoreError, type StoreErrorCode } from './error.js'

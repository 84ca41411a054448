import type { CutReason } from './types.js'

/** What is counted from the start on. */
export class Counters {
  accepted = 0
  requests = 0
  errors = 0
  limited = 0
  messages = 0
  systemMessages = 0
  duplicates = 0
  pushes = 0
  bytesIn = 0
  bytesOut = 0
  storeFailures = 0
  bufferedBytes = 0
  readonly cut: Record<CutReason, number> = {
    opening: 0,
    login: 0,
    frame: 0,
    idle: 0,
    protocol: 0,
    'too-large': 0,
    'slow-reader': 0,
    memory: 0,
    rate: 0,
    'failed-logins': 0,
    replaced: 0,
    full: 0,
    shutdown: 0,
  }
}

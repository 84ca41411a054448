/** Exit codes of the `mimir` command; the README and `mimir --help` explain them. */
export const ExitCode = {
  /** Done. */
  ok: 0,
  /** Failed for a reason that has no code of its own. */
  failure: 1,
  /** The command line is wrong: unknown flag, bad key, bad address, text too large. Nothing was done. */
  usage: 2,
  /** Not yet: accepted but not delivered, or not answered, in time; no tracker knows the key. */
  notYet: 3,
  /** The home folder, the database or the port is in use by another process. */
  inUse: 4,
  /** A folder, file or database cannot be used: unreadable, foreign, damaged, newer, disk full. */
  storage: 5,
  /** Stopped by a second Ctrl-C, without waiting for anything. */
  interrupted: 130,
} as const

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode]

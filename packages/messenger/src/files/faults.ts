/**
 * The steps at which a process may end, in the order of each story. Whoever hands in a hook is told each of them, and
 * waited for: a test can end the process exactly there.
 */
export const FAULT_POINTS = [
  /** Outgoing: the copy is on disk, the message is not. */
  'staged',
  /** Server form: message, key and hash are on disk, nothing was uploaded. */
  'upload-starting',
  /** The server has the file, the message does not know it. */
  'uploaded',
  /** The message can be sent. */
  'prepared',
  /** A part of a file is about to leave for the peer that asked for it. */
  'serving',
  /** Incoming: the wish is on disk, nothing was asked for. */
  'wanted',
  /** The name of the temporary file is on disk, the file is not. */
  'part-named',
  /** More of the file is safely on disk than the store knows. */
  'part-synced',
  /** The store knows it. */
  'part-counted',
  /** All of it is there and is what was announced. */
  'verified',
  /** The final name is on disk, nothing has it yet. */
  'claimed',
  /** The file has its final name, the store does not know it. */
  'landed',
  /** The store knows it; the temporary file is still there, the sender waits for its OK. */
  'completed',
] as const

export type FaultPoint = (typeof FAULT_POINTS)[number]

/** Called at each step; the step waits for the promise. */
export type FaultHook = (point: FaultPoint) => void | Promise<void>

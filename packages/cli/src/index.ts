export { ExitCode } from './exit-code.js'
export type { CliIo, OutputStream, SignalSource } from './io.js'
export { run } from './run.js'

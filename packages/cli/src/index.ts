export type { TimeTexts } from './chat/model/state.js'
export { ExitCode } from './exit-code.js'
export type { CliIo, OutputStream, SignalSource } from './io.js'
export { run } from './run.js'

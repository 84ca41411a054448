export { DEFAULT_STREAM_LIMITS, type StreamLimits } from './limits.js'
export { createStreams, type MulticastStreams, type MulticastStreamsOptions } from './streams.js'

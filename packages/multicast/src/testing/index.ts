export { type LossyHooks, lossyNetwork, lossyTransport } from './lossy.js'
export { createMulticastMemory, type MulticastMemory, type MulticastMemoryOptions } from './memory.js'

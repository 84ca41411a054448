export { DataSealer } from './data-sealer.js'
export { MulticastMachine } from './machine.js'
export type {
  Answer,
  MachineHost,
  MachineMode,
  MachineOptions,
  MachineSession,
  PeerAddress,
  Place,
  PolicyAnswer,
  SessionRole,
  SessionState,
} from './types.js'

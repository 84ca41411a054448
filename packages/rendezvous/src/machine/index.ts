export { displayFingerprint, isAcceptableKey } from './keys.js'
export { RendezvousMachine } from './machine.js'
export { signWith } from './signatures.js'
export type {
  Attempt,
  AttemptState,
  CloseCode,
  ConnectionState,
  DeclineOptions,
  Knock,
  MachineHost,
  MachineOptions,
  PolicyAnswer,
  RendezvousState,
  Role,
  RtcHost,
  ServerReason,
  ServerStatus,
} from './types.js'

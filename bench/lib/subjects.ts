/** Every subject of `pnpm bench`, in the order of the report, with the packages of ours it measures. */
export const SUBJECTS = {
  codec: ['wire'],
  crypto: ['crypto'],
  frames: ['wire', 'crypto', 'transport', 'peer'],
  text: ['wire', 'crypto', 'transport', 'peer'],
  connect: ['wire', 'crypto', 'transport', 'peer'],
  memory: ['wire', 'crypto', 'transport', 'peer'],
  tracker: ['wire', 'crypto', 'transport', 'store', 'tracker'],
  messenger: ['wire', 'crypto', 'transport', 'store', 'peer', 'resolver-client', 'messenger'],
  files: ['wire', 'crypto', 'transport', 'store', 'peer', 'resolver-client', 'messenger'],
  mediator: ['wire', 'crypto', 'transport', 'store', 'mediator'],
  'mediator-store': ['wire', 'crypto', 'transport', 'store', 'mediator'],
  pow: ['crypto'],
  box: ['crypto'],
  yggdrasil: ['crypto', 'transport', 'yggdrasil'],
  multicast: ['wire', 'crypto', 'transport', 'multicast'],
  rendezvous: ['wire', 'crypto', 'transport', 'rendezvous'],
} as const satisfies Record<string, readonly string[]>

export type SubjectName = keyof typeof SUBJECTS

/** Subjects that another one brings along when it is asked for. */
export const ALONG: Partial<Record<SubjectName, readonly SubjectName[]>> = {
  mediator: ['mediator-store', 'pow'],
  yggdrasil: ['box'],
}

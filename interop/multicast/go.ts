import path from 'node:path'
import { EXECUTABLE, goBuild, moduleFolder } from '../go.js'

export const FOLDER: string = moduleFolder('multicast')
/** What is made here; git ignores it. */
export const ARTIFACTS: string = path.join(FOLDER, '.artifacts')

/** Paths of a server and a client with the command line of the originals. */
export interface Mp2pPrograms {
  readonly server: string
  readonly client: string
}

/** Paths of the programs built here. */
export interface ModelPrograms extends Mp2pPrograms {
  /** Tells of each datagram to a group what Node does not show: hop limit and traffic class. */
  readonly watch: string
}

/**
 * Build the model of the originals, and the watcher; what is built already costs less than a second.
 *
 * @throws {Error} when there is no Go, or it cannot build them
 */
export function buildModel(): ModelPrograms {
  const output = path.join(ARTIFACTS, 'model')
  goBuild(FOLDER, ['./server', './client', './watch'], output)
  const { server, client } = programsIn(output)
  return { server, client, watch: path.join(output, `watch${EXECUTABLE}`) }
}

export function programsIn(folder: string): Mp2pPrograms {
  return { server: path.join(folder, `server${EXECUTABLE}`), client: path.join(folder, `client${EXECUTABLE}`) }
}

export {
  createFileServer,
  type FileServer,
  type FileServerOptions,
  type FileServerStats,
} from './file-server/file-server.js'
export type { FileServerLimits, FileServerSpans } from './file-server/limits.js'

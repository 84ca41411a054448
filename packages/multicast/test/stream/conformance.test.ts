import { conformanceOver } from './support/conformance.js'

conformanceOver(0, { transferBytes: 8 * 1024 * 1024, connects: 500 })

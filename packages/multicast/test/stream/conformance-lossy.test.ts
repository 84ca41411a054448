import { conformanceOver } from './support/conformance.js'

conformanceOver(0.1, { transferBytes: 2 * 1024 * 1024, connects: 100 })

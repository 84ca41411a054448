import { library } from '../../tsup.base.js'

export default library([
  'src/index.ts',
  'src/opentelemetry.ts',
  'src/prometheus.ts',
  'src/testing/index.ts',
  'src/platform/node.ts',
  'src/platform/browser.ts',
])

// `pnpm api`: write the API reports after a build. `pnpm verify` fails when they differ from what is committed.
import { updateApiReports } from './checks/api-report.mjs'

console.log(`${updateApiReports()} reports written to packages/*/api`)

import type { Report } from './lib/rows.js'
import type { Settings } from './lib/settings.js'

// The process of one subject: `run.js NAME SETTINGS`. Its report goes to the parent.

const [, , name, settings] = process.argv
const subject = (await import(new URL(`./${name}.js`, import.meta.url).href)) as {
  run(settings: Settings): Promise<Report>
}
const report = await subject.run(JSON.parse(settings!) as Settings)
process.send!(report, undefined, undefined, () => process.disconnect())

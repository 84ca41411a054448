// `pnpm soak`: runs in real time for hours, outside continuous integration.
const ABOUT = 'runs over networks that change, in real time, for hours: it comes with a later release'

const [argument] = process.argv.slice(2).filter((argument) => argument !== '--' && argument !== '--help')
if (argument === undefined) {
  console.log(`soak: ${ABOUT}; pnpm chaos covers crashes and faulty links`)
} else {
  console.error(`soak: takes no arguments yet, got ${argument}; it ${ABOUT}`)
  process.exitCode = 2
}

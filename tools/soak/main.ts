// `pnpm soak`: runs in real time for hours, outside continuous integration.
console.log(
  'no soak yet: it comes with the networks that change over hours; pnpm chaos covers crashes and faulty links',
)

/** Resolves when this is true; looked at again in every turn of the event loop. */
export async function until(test: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await test())) await new Promise((resolve) => setImmediate(resolve))
}

/** Enough turns of the event loop for everything that has been set off, and its disk work, to show. */
export async function quiet(turns = 20): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve))
}

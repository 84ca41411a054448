/** Until nobody has anything left to do at this time. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 300; turn++) await Promise.resolve()
}

/** What has to be done when a test is over: the youngest first. In a file of its own, because programs use it, too. */
export const leftovers: (() => Promise<void> | void)[] = []

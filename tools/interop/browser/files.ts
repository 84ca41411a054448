// In place of `node:fs` where tests run in a browser: the server that they came from has the files, too.

interface Request {
  open(method: string, url: string, isAsync: boolean): void
  send(): void
  readonly status: number
  readonly responseText: string
}

const { XMLHttpRequest } = globalThis as unknown as { XMLHttpRequest: new () => Request }

/** Text of a file of the repository. @param url - relative to `import.meta.url` of the test */
export function readFileSync({ href, origin, pathname }: URL): string {
  const request = new XMLHttpRequest()
  // Its path in the repository, where the server has understood what file is meant, or on the machine.
  for (const url of [href, `${origin}/@fs${pathname}`]) {
    request.open('GET', url, false)
    request.send()
    if (request.status === 200) return request.responseText
  }
  throw new Error(`${href}: status ${request.status}`)
}

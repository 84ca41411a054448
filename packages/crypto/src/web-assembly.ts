/** The few things of WebAssembly that are used; declared here because not every runtime has the types of a browser. */
export interface WebAssemblyApi {
  validate(bytes: Uint8Array): boolean
  compile(bytes: Uint8Array): Promise<object>
  instantiate(module: object): Promise<{ exports: unknown }>
}

/** The same where something has to be there at once. */
export interface SynchronousWebAssemblyApi extends WebAssemblyApi {
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (module: object) => { exports: unknown }
}

/** That of this runtime, if it has one. */
export function webAssembly(): SynchronousWebAssemblyApi | undefined {
  return (globalThis as { WebAssembly?: SynchronousWebAssemblyApi }).WebAssembly
}

/** A module that stands in the source as Base64. */
export function moduleBytes(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
}

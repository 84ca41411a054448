import { createSha256, type Sha256 } from '@mimirjs/crypto'
import { fromHex, toHex } from '@mimirjs/wire'
import { MAX_UPLOAD_CHUNK_BYTES, type UploadRequest } from '@mimirjs/wire/files'
import { Refusal } from './refusal.js'
import type { FileServerState } from './state.js'
import type { Step, StepResult, Steps } from './steps.js'

interface Upload {
  readonly hash: string
  /** Of its temporary file. */
  readonly name: string
  readonly user: string
  readonly guid: bigint
  readonly totalBytes: number
  readonly sha256: Sha256
  receivedBytes: number
  lastMs: number
}

/** The unfinished uploads of one connection. Source of the order of the refusals: current protocol §15.3. */
export class Uploads {
  readonly #state: FileServerState
  readonly #connectionId: number
  readonly #byHash = new Map<string, Upload>()

  constructor(state: FileServerState, connectionId: number) {
    this.#state = state
    this.#connectionId = connectionId
  }

  /** Take one chunk; when it was the last one the file is stored. @throws a Refusal */
  *take(user: string, request: UploadRequest, nowMs: number): Steps {
    const { fileHash, guid, offsetBytes, totalBytes, chunk } = request
    if (chunk.length > MAX_UPLOAD_CHUNK_BYTES) throw new Refusal('chunk too large')
    const hash = toHex(fileHash)
    const running = this.#byHash.get(hash)
    if (this.#state.index.has(hash)) {
      // Somebody else was faster; what came here so far is not needed.
      if (running !== undefined) yield* this.#drop(running)
      return
    }
    const upload =
      offsetBytes === 0n ? yield* this.#begin(user, hash, guid, totalBytes, nowMs) : this.#goOn(running, offsetBytes)
    yield* this.#append(upload, chunk, nowMs)
    if (upload.receivedBytes === upload.totalBytes) yield* this.#finish(upload, nowMs)
  }

  /** Drop what has waited too long for its next chunk. */
  *dropStale(nowMs: number): Steps {
    const beforeMs = nowMs - this.#state.spans.uploadMs
    for (const upload of [...this.#byHash.values()]) if (upload.lastMs < beforeMs) yield* this.#drop(upload)
  }

  /** The connection is gone. @returns names of the temporary files that it leaves */
  abandon(): string[] {
    const uploads = [...this.#byHash.values()]
    for (const upload of uploads) this.#forget(upload)
    return uploads.map(({ name }) => name)
  }

  *#begin(
    user: string,
    hash: string,
    guid: bigint,
    totalBytes: bigint,
    nowMs: number,
  ): Generator<Step, Upload, StepResult> {
    const { index, limits } = this.#state
    if (BigInt(index.usedBytes(user)) + totalBytes >= limits.quotaBytes) throw new Refusal('quota exceeded')
    const before = this.#byHash.get(hash)
    if (before !== undefined) yield* this.#drop(before)
    if (this.#byHash.size >= limits.uploadsPerConnection) throw new Refusal('too many uploads at a time')
    const name = `${hash}.${this.#connectionId}.tmp`
    const upload: Upload = {
      hash,
      name,
      user,
      guid,
      totalBytes: Number(totalBytes),
      sha256: createSha256(),
      receivedBytes: 0,
      lastMs: nowMs,
    }
    // Before it exists, so that it is not forgotten should the connection end meanwhile.
    this.#byHash.set(hash, upload)
    const { failure } = yield { type: 'create', name }
    if (failure === undefined) return upload
    this.#forget(upload)
    throw new Refusal(`failed to create temp file: ${failure}`)
  }

  #goOn(running: Upload | undefined, offsetBytes: bigint): Upload {
    if (running === undefined) throw new Refusal('no active upload for this file')
    if (offsetBytes === BigInt(running.receivedBytes)) return running
    throw new Refusal(`expected offset ${running.receivedBytes}, got ${offsetBytes}`)
  }

  *#append(upload: Upload, chunk: Uint8Array, nowMs: number): Steps {
    const { index, limits } = this.#state
    const isTooLong = upload.receivedBytes + chunk.length > upload.totalBytes
    const isFull = index.storedBytes + index.temporaryBytes + chunk.length > limits.totalBytes
    if (isTooLong || isFull) {
      yield* this.#drop(upload)
      throw new Refusal(isTooLong ? 'more bytes than the total size' : 'the server is full')
    }
    upload.receivedBytes += chunk.length
    upload.lastMs = nowMs
    index.temporaryBytes += chunk.length
    const { failure } = yield { type: 'append', name: upload.name, bytes: chunk }
    if (failure !== undefined) {
      yield* this.#drop(upload)
      throw new Refusal(`write error: ${failure}`)
    }
    upload.sha256.update(chunk)
  }

  *#finish(upload: Upload, nowMs: number): Steps {
    const { hash, name, user, guid, totalBytes } = upload
    const got = toHex(upload.sha256.digest())
    if (got !== hash) {
      yield* this.#drop(upload)
      throw new Refusal(`hash mismatch: expected ${hash}, got ${got}`)
    }
    const uploadedAtSeconds = BigInt(Math.floor(nowMs / 1000))
    const sidecar = { uploader: fromHex(user), guid, uploadedAtSeconds, sizeBytes: BigInt(totalBytes) }
    const { failure } = yield { type: 'store', name, hash, sidecar }
    this.#forget(upload)
    if (failure !== undefined) throw new Refusal(failure)
  }

  *#drop(upload: Upload): Steps {
    this.#forget(upload)
    yield { type: 'discard', name: upload.name }
  }

  #forget(upload: Upload): void {
    if (!this.#byHash.delete(upload.hash)) return
    this.#state.index.temporaryBytes -= upload.receivedBytes
  }
}

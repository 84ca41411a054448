import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import pbjs from 'protobufjs-cli/pbjs.js'

/** The messages of the codec benchmark in the language of the rival. */
const PROTO = `syntax = "proto3";
message Message { uint64 chat_id = 1; uint64 guid = 2; uint64 timestamp = 3; bytes author = 4; bytes blob = 5; }
message Text { fixed64 guid = 1; fixed64 reply_to = 2; uint64 send_time = 3; uint64 edit_time = 4; int32 type = 5; bytes payload = 6; }
`

/** Let protobufjs generate its static code, the fastest it has, beside the compiled benchmarks. */
export async function generateProtobuf(folder: URL): Promise<void> {
  const source = fileURLToPath(new URL('messages.proto', folder))
  const target = fileURLToPath(new URL('messages.js', folder))
  await writeFile(source, PROTO)
  const generate = promisify(pbjs.main)
  await generate([
    '-t',
    'static-module',
    '-w',
    'es6',
    '--no-comments',
    '--no-verify',
    '--no-convert',
    '-o',
    target,
    source,
  ])
}

import {
  listenOnLoopback
} from "./chunk-YNCXFRWH.js";
import {
  PipeChannel,
  acknowledge
} from "./chunk-XFQWB2MK.js";
import "./chunk-73EJ2DZ7.js";

// stacks/secret-stream.ts
import { once } from "node:events";
import { connect, createServer } from "node:net";
import SecretStream from "@hyperswarm/secret-stream";
function secretStreamStack(style) {
  const keyPair = SecretStream.keyPair();
  return {
    async serve() {
      const server = createServer({ noDelay: true }, (socket) => {
        acknowledge(secretPipe(new SecretStream(false, socket, { keyPair })), style);
      });
      return String(await listenOnLoopback(server));
    },
    async connect(address) {
      const socket = connect({ port: Number(address), host: "127.0.0.1", noDelay: true });
      await once(socket, "connect");
      const stream = new SecretStream(true, socket, { keyPair });
      const pipe = secretPipe(stream);
      if (!await stream.opened) throw new Error("secret-stream: the handshake failed");
      return new PipeChannel(pipe, style);
    }
  };
}
function secretPipe(stream) {
  stream.on("error", () => stream.destroy());
  return {
    write: (bytes) => void stream.write(bytes),
    onData: (handler) => void stream.on("data", handler),
    reset: () => void stream.rawStream.resetAndDestroy()
  };
}
export {
  secretStreamStack
};
//# sourceMappingURL=secret-stream-FKR4KQOU.js.map

import {
  floodByPromises
} from "./chunk-CJXNEPXA.js";
import {
  socketPipe
} from "./chunk-ESD7PADG.js";
import {
  listenOnLoopback
} from "./chunk-YNCXFRWH.js";
import {
  LengthFrames,
  acknowledge
} from "./chunk-XFQWB2MK.js";
import "./chunk-73EJ2DZ7.js";

// stacks/net-requests.ts
import { once } from "node:events";
import { connect, createServer } from "node:net";
function netRequestsStack() {
  return {
    async serve() {
      const server = createServer({ noDelay: true }, (socket) => acknowledge(socketPipe(socket), "plain"));
      return String(await listenOnLoopback(server));
    },
    async connect(address) {
      const socket = connect({ port: Number(address), host: "127.0.0.1", noDelay: true });
      await once(socket, "connect");
      const pipe = socketPipe(socket);
      const waiting = /* @__PURE__ */ new Map();
      const frames = new LengthFrames((bytes, start) => {
        const id = new DataView(bytes.buffer, bytes.byteOffset).getUint32(start);
        const resolve = waiting.get(id);
        waiting.delete(id);
        resolve?.();
      });
      pipe.onData((chunk) => frames.push(chunk));
      let nextId = 0;
      const request = (body) => new Promise((resolve) => {
        const id = nextId++;
        waiting.set(id, resolve);
        const frame = Buffer.allocUnsafe(4 + body.length);
        frame.writeUInt32BE(body.length, 0);
        frame.set(body, 4);
        frame.writeUInt32BE(id, 4);
        pipe.write(frame);
      });
      return {
        flood(options) {
          const body = Buffer.alloc(options.bodyBytes, 97);
          return floodByPromises(options, () => request(body));
        },
        once: () => request(Buffer.alloc(100, 97)),
        reset: () => pipe.reset()
      };
    }
  };
}
export {
  netRequestsStack
};
//# sourceMappingURL=net-requests-WJOAZE75.js.map

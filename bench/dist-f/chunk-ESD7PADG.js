import {
  listenOnLoopback
} from "./chunk-YNCXFRWH.js";
import {
  PipeChannel,
  acknowledge
} from "./chunk-XFQWB2MK.js";

// stacks/net.ts
import { once } from "node:events";
import { connect, createServer } from "node:net";
function netStack(style) {
  return {
    async serve() {
      const server = createServer({ noDelay: true }, (socket) => acknowledge(socketPipe(socket), style));
      return String(await listenOnLoopback(server));
    },
    async connect(address) {
      const socket = connect({ port: Number(address), host: "127.0.0.1", noDelay: true });
      await once(socket, "connect");
      return new PipeChannel(socketPipe(socket), style);
    }
  };
}
function socketPipe(socket) {
  socket.on("error", () => socket.destroy());
  return {
    write: (bytes) => void socket.write(bytes),
    writeBoth(head, tail) {
      socket.cork();
      socket.write(head);
      socket.write(tail);
      socket.uncork();
    },
    onData: (handler) => void socket.on("data", handler),
    reset: () => void socket.resetAndDestroy()
  };
}

export {
  netStack,
  socketPipe
};
//# sourceMappingURL=chunk-ESD7PADG.js.map

import {
  RESOLVE_ANSWER_BYTES,
  RESOLVE_REQUEST_BYTES,
  openUdpChannel
} from "./chunk-SYV2A6JZ.js";
import "./chunk-73EJ2DZ7.js";

// stacks/dgram-echo.ts
import { createSocket } from "node:dgram";
import { once } from "node:events";
function dgramEchoStack(lookup) {
  return {
    async serve() {
      const options = { type: "udp4" };
      if (lookup === "none") options.lookup = (address, _options, done) => done(null, address, 4);
      const socket = createSocket(options);
      socket.on("message", (request, from) => {
        const answer = Buffer.allocUnsafe(RESOLVE_ANSWER_BYTES);
        request.copy(answer, 0, 1, 5);
        socket.send(answer, from.port, from.address);
      });
      const listening = once(socket, "listening");
      socket.bind(0, "127.0.0.1");
      await listening;
      socket.setRecvBufferSize(1 << 20);
      return String(socket.address().port);
    },
    connect: (port) => openUdpChannel(Number(port), [new Uint8Array(RESOLVE_REQUEST_BYTES)], RESOLVE_ANSWER_BYTES)
  };
}
export {
  dgramEchoStack
};
//# sourceMappingURL=dgram-echo-INXZWOI5.js.map

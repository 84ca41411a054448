// lib/loopback.ts
import { once } from "node:events";
var BACKLOG = 4096;
async function listenOnLoopback(server) {
  server.listen({ port: 0, host: "127.0.0.1", backlog: BACKLOG });
  await once(server, "listening");
  return server.address().port;
}

export {
  listenOnLoopback
};
//# sourceMappingURL=chunk-YNCXFRWH.js.map

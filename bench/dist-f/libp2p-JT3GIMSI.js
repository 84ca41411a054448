import {
  PipeChannel,
  acknowledge
} from "./chunk-XFQWB2MK.js";
import "./chunk-73EJ2DZ7.js";

// lib/with-resolvers.ts
if (!("withResolvers" in Promise)) {
  Object.defineProperty(Promise, "withResolvers", {
    configurable: true,
    writable: true,
    value() {
      let resolve;
      let reject;
      const promise = new Promise((onResolve, onReject) => {
        resolve = onResolve;
        reject = onReject;
      });
      return { promise, resolve, reject };
    }
  });
}

// stacks/libp2p.ts
import { noise } from "@chainsafe/libp2p-noise";
import { yamux } from "@chainsafe/libp2p-yamux";
import { tcp } from "@libp2p/tcp";
import { multiaddr } from "@multiformats/multiaddr";
import { createLibp2p } from "libp2p";
var PROTOCOL = "/bench/1.0.0";
var ENOUGH = 1e6;
function libp2pStack(style) {
  const nodes = /* @__PURE__ */ new Map();
  const nodeOf = (lane) => {
    const node = nodes.get(lane) ?? createNode([]);
    nodes.set(lane, node);
    return node;
  };
  return {
    async serve() {
      const node = await createNode(["/ip4/127.0.0.1/tcp/0"]);
      await node.handle(
        PROTOCOL,
        (stream) => acknowledge(
          streamPipe(stream, () => stream.abort(new Error("reset"))),
          style
        ),
        {
          maxInboundStreams: ENOUGH
        }
      );
      return node.getMultiaddrs()[0].toString();
    },
    async connect(address, lane) {
      const node = await nodeOf(lane);
      const target = multiaddr(address);
      const connection = await node.dial(target, { force: true });
      const stream = await connection.newStream(PROTOCOL);
      const pipe = streamPipe(stream, () => connection.abort(new Error("the benchmark is done with it")));
      return new PipeChannel(pipe, style);
    }
  };
}
function createNode(listen) {
  return createLibp2p({
    addresses: { listen },
    transports: [tcp({ backlog: 4096 })],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionMonitor: { enabled: false },
    connectionManager: {
      maxConnections: ENOUGH,
      inboundConnectionThreshold: ENOUGH,
      maxIncomingPendingConnections: ENOUGH
    }
  });
}
function streamPipe(stream, reset) {
  return {
    write: (bytes) => void stream.send(bytes),
    onData: (handler) => stream.addEventListener("message", (event) => handler(event.data.subarray())),
    reset
  };
}
export {
  libp2pStack
};
//# sourceMappingURL=libp2p-JT3GIMSI.js.map

import {
  floodByCallbacks
} from "./chunk-CJXNEPXA.js";
import "./chunk-73EJ2DZ7.js";

// stacks/mimir-peer.ts
import { createSigner, generateSeed } from "@mimirjs/crypto";
import { Peer } from "@mimirjs/peer";
import { Transports } from "@mimirjs/transport";
import { tcp } from "@mimirjs/transport/tcp";
import { fromHex, toHex } from "@mimirjs/wire";
var LIMITS = {
  unauthenticated: 1e6,
  unauthenticatedPerAddress: 1e6,
  signaturesPerMinute: 1e6,
  connections: 1e6,
  connectionsPerIdentity: 1e6
};
function mimirPeerStack() {
  const signer = createSigner(generateSeed());
  return {
    async serve() {
      const peer = createPeer(signer, acknowledgeAll);
      const listener = await peer.listen("tcp://127.0.0.1:0");
      return JSON.stringify({ address: listener.address, publicKey: toHex(signer.publicKey) });
    },
    async connect(target) {
      const { address, publicKey } = JSON.parse(target);
      const sent = /* @__PURE__ */ new Map();
      const peer = createPeer(signer, () => ({
        message() {
        },
        acknowledged(guid) {
          const done = sent.get(guid);
          sent.delete(guid);
          done?.();
        },
        closed(error) {
          for (const done of sent.values()) done(error ?? new Error("the connection was closed"));
        }
      }));
      const connection = await peer.connect(fromHex(publicKey), [address]);
      const send = messageSender(connection, sent);
      return {
        flood: (options) => floodByCallbacks(options, (done) => send(options.bodyBytes, done)),
        once: () => new Promise((resolve, reject) => send(100, (error) => error === void 0 ? resolve() : reject(error))),
        reset: () => connection.close()
      };
    }
  };
}
function createPeer(signer, onConnection) {
  return new Peer({ signer, transports: new Transports([tcp()]), clientId: 7, limits: LIMITS, onConnection });
}
function acknowledgeAll(connection) {
  return {
    message: (frame) => connection.acknowledge(frame.guid),
    acknowledged() {
    },
    closed() {
    }
  };
}
function messageSender(connection, sent) {
  let guid = 0x0123456789ab0000n;
  const sendTimeMs = BigInt(Date.now());
  return (payloadBytes, done) => {
    guid++;
    sent.set(guid, done);
    const payload = new Uint8Array(payloadBytes).fill(97);
    connection.send({ guid, replyTo: 0n, sendTimeMs, editTimeMs: 0n, messageType: 0, payload });
  };
}
export {
  mimirPeerStack
};
//# sourceMappingURL=mimir-peer-BEUM5BMV.js.map

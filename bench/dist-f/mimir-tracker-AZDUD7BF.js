import {
  RESOLVE_ANSWER_BYTES,
  openUdpChannel
} from "./chunk-SYV2A6JZ.js";
import "./chunk-73EJ2DZ7.js";

// stacks/mimir-tracker.ts
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createSigner, generateSeed } from "@mimirjs/crypto";
import { createTracker } from "@mimirjs/tracker";
import { fromHex, toHex } from "@mimirjs/wire";
import { decodeAnnounceResponse, encodeAnnounceRequest, encodeGetAddrsRequest } from "@mimirjs/wire/tracker";
var USERS = 256;
var LIMITS = {
  usersPerSource: Infinity,
  getAddrsPerSecond: Infinity,
  getAddrsBurst: Infinity,
  announcesPerSecond: Infinity,
  announcesBurst: Infinity,
  checksPerSecond: Infinity
};
function mimirTrackerStack() {
  return {
    async serve() {
      const tracker = await createTracker({ address: "udp://127.0.0.1:0", store: ":memory:", limits: LIMITS });
      const port = Number(new URL(tracker.address.replace("udp:", "http:")).port);
      const users = [];
      for (let i = 0; i < USERS; i++) users.push(toHex(await announceUser(port)));
      return JSON.stringify({ port, users });
    },
    connect(address) {
      const { port, users } = JSON.parse(address);
      const requests = users.map((user) => encodeGetAddrsRequest({ nonce: 0, publicKey: fromHex(user) }));
      return openUdpChannel(port, requests, RESOLVE_ANSWER_BYTES);
    }
  };
}
async function announceUser(port) {
  const signer = createSigner(generateSeed());
  const address = new Uint8Array(16).fill(2);
  const signature = signer.sign(address);
  const socket = createSocket("udp4");
  const { publicKey } = signer;
  socket.send(
    encodeAnnounceRequest({ nonce: 1, publicKey, port: 5050, priority: 3, clientId: 7, address, signature }),
    port,
    "127.0.0.1"
  );
  const [answer] = await once(socket, "message");
  socket.close();
  if (decodeAnnounceResponse(answer).ttlSeconds < 600n) throw new Error("the tracker refused an announce");
  return publicKey;
}
export {
  mimirTrackerStack
};
//# sourceMappingURL=mimir-tracker-AZDUD7BF.js.map

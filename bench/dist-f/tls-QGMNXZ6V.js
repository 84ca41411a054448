import {
  socketPipe
} from "./chunk-ESD7PADG.js";
import {
  listenOnLoopback
} from "./chunk-YNCXFRWH.js";
import {
  PipeChannel,
  acknowledge
} from "./chunk-XFQWB2MK.js";
import "./chunk-73EJ2DZ7.js";

// stacks/tls.ts
import { once } from "node:events";
import { connect, createServer } from "node:tls";

// lib/certificate.ts
import { createPublicKey, generateKeyPairSync, randomBytes, sign } from "node:crypto";
var ED25519 = sequence(Buffer.from("06032b6570", "hex"));
var NAME = sequence(der(49, sequence(Buffer.from("0603550403", "hex"), der(12, Buffer.from("bench")))));
var VALIDITY = sequence(der(24, Buffer.from("20200101000000Z")), der(24, Buffer.from("20991231235959Z")));
function selfSignedCertificate() {
  const { privateKey } = generateKeyPairSync("ed25519");
  const subjectPublicKeyInfo = createPublicKey(privateKey).export({ type: "spki", format: "der" });
  const serial = Buffer.concat([Buffer.of(1), randomBytes(8)]);
  const version3 = der(160, der(2, Buffer.of(2)));
  const body = sequence(version3, der(2, serial), ED25519, NAME, VALIDITY, NAME, subjectPublicKeyInfo);
  const signature = der(3, Buffer.concat([Buffer.of(0), sign(null, body, privateKey)]));
  const base64 = sequence(body, ED25519, signature).toString("base64");
  const lines = base64.match(/.{1,64}/g).join("\n");
  const privateKeyPem = privateKey.export({ type: "pkcs8", format: "pem" });
  return {
    certificate: `-----BEGIN CERTIFICATE-----
${lines}
-----END CERTIFICATE-----
`,
    privateKey: privateKeyPem
  };
}
function sequence(...parts) {
  return der(48, Buffer.concat(parts));
}
function der(tag, content) {
  const length = content.length < 128 ? [content.length] : [130, content.length >> 8, content.length & 255];
  return Buffer.concat([Buffer.of(tag, ...length), content]);
}

// stacks/tls.ts
function tlsStack() {
  return {
    async serve() {
      const { certificate, privateKey } = selfSignedCertificate();
      const server = createServer({ key: privateKey, cert: certificate, minVersion: "TLSv1.3", noDelay: true });
      server.on("secureConnection", (socket) => acknowledge(socketPipe(socket), "plain"));
      server.on("tlsClientError", () => {
      });
      const port = await listenOnLoopback(server);
      return JSON.stringify({ port, certificate });
    },
    async connect(address) {
      const { port, certificate } = JSON.parse(address);
      const socket = connect({
        port,
        host: "127.0.0.1",
        ca: certificate,
        minVersion: "TLSv1.3",
        checkServerIdentity: () => void 0
      });
      socket.setNoDelay(true);
      await once(socket, "secureConnect");
      const pipe = { ...socketPipe(socket), reset: () => void socket.destroy() };
      return new PipeChannel(pipe, "plain");
    }
  };
}
export {
  tlsStack
};
//# sourceMappingURL=tls-QGMNXZ6V.js.map

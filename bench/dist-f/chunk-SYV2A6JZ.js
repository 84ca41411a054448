import {
  Meter
} from "./chunk-73EJ2DZ7.js";

// lib/tracker-sizes.ts
var RESOLVE_REQUEST_BYTES = 38;
var RESOLVE_ANSWER_BYTES = 101;

// lib/udp-channel.ts
import { createSocket } from "node:dgram";
import { once } from "node:events";
var STALL_MS = 100;
var REQUEST_NONCE_AT = 1;
var ANSWER_NONCE_AT = 0;
async function openUdpChannel(port, requests, answerBytes) {
  const socket = createSocket("udp4");
  socket.connect(port, "127.0.0.1");
  await once(socket, "connect");
  socket.setRecvBufferSize(1 << 20);
  return new UdpChannel(socket, requests, answerBytes);
}
var UdpChannel = class {
  #socket;
  #requests;
  #nonce = 0;
  #onAnswer = () => {
  };
  constructor(socket, requests, answerBytes) {
    this.#socket = socket;
    this.#requests = requests;
    socket.on("message", (answer) => {
      if (answer.length !== answerBytes) throw new Error(`an answer of ${answer.length} bytes, expected ${answerBytes}`);
      if (answer.readUInt32BE(ANSWER_NONCE_AT) > this.#nonce) throw new Error("an answer to nothing that was asked");
      this.#onAnswer();
    });
  }
  flood(options) {
    const meter = new Meter(options);
    return new Promise((resolve) => {
      let answered = 0;
      let answeredBefore = 0;
      const refill = setInterval(() => {
        if (answered === answeredBefore) for (let i = 0; i < options.depth; i++) this.#send();
        answeredBefore = answered;
      }, STALL_MS);
      this.#onAnswer = () => {
        answered++;
        if (!meter.acknowledged(1)) return this.#send();
        clearInterval(refill);
        this.#onAnswer = () => {
        };
        resolve(meter.result);
      };
      for (let i = 0; i < options.depth; i++) this.#send();
    });
  }
  once() {
    return new Promise((resolve) => {
      this.#onAnswer = resolve;
      this.#send();
    });
  }
  reset() {
    this.#socket.close();
  }
  #send() {
    const template = this.#requests[this.#nonce % this.#requests.length];
    const request = Buffer.allocUnsafe(template.length);
    request.set(template);
    request.writeUInt32BE(++this.#nonce, REQUEST_NONCE_AT);
    this.#socket.send(request);
  }
};

export {
  RESOLVE_REQUEST_BYTES,
  RESOLVE_ANSWER_BYTES,
  openUdpChannel
};
//# sourceMappingURL=chunk-SYV2A6JZ.js.map

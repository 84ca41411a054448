import {
  Meter
} from "./chunk-73EJ2DZ7.js";

// lib/length-frames.ts
var HEADER_BYTES = 4;
var LengthFrames = class {
  #onBody;
  #header = 0;
  #headerBytes = 0;
  #spare;
  /** The body that is split: `#spare`, or the front part of it. */
  #body;
  #filled = 0;
  constructor(onBody) {
    this.#onBody = onBody;
  }
  push(chunk) {
    let at = this.#finishSplit(chunk);
    while (at + HEADER_BYTES <= chunk.length) {
      const length = (chunk[at] << 24 | chunk[at + 1] << 16 | chunk[at + 2] << 8 | chunk[at + 3]) >>> 0;
      const start = at + HEADER_BYTES;
      const end = start + length;
      if (end > chunk.length) {
        this.#keep(chunk, start, length);
        return;
      }
      this.#onBody(chunk, start, end);
      at = end;
    }
    while (at < chunk.length) this.#headerByte(chunk[at++]);
  }
  /** Complete what the last chunk left open; returns where the rest of this chunk begins. */
  #finishSplit(chunk) {
    let at = 0;
    while (this.#headerBytes > 0 && at < chunk.length && this.#body === void 0) this.#headerByte(chunk[at++]);
    const body = this.#body;
    if (body === void 0) return at;
    const take = Math.min(body.length - this.#filled, chunk.length - at);
    body.set(chunk.subarray(at, at + take), this.#filled);
    this.#filled += take;
    if (this.#filled === body.length) {
      this.#body = void 0;
      this.#onBody(body, 0, body.length);
    }
    return at + take;
  }
  #headerByte(byte) {
    this.#header = (this.#header << 8 | byte) >>> 0;
    if (++this.#headerBytes === HEADER_BYTES) this.#open(this.#header);
  }
  #open(length) {
    this.#header = 0;
    this.#headerBytes = 0;
    if (this.#spare === void 0 || this.#spare.length < length) this.#spare = Buffer.allocUnsafe(length);
    this.#body = this.#spare.length === length ? this.#spare : this.#spare.subarray(0, length);
    this.#filled = 0;
  }
  #keep(chunk, start, length) {
    this.#open(length);
    this.#body.set(chunk.subarray(start), 0);
    this.#filled = chunk.length - start;
  }
};

// lib/pipe.ts
var ACK_BYTES = 8;
var LARGE_BODY_BYTES = 4096;
function acknowledge(pipe, style) {
  let ids = [];
  const frames = new LengthFrames((bytes, start) => {
    const id = readU32(bytes, start);
    if (style === "coalesced") ids.push(id);
    else pipe.write(ackOf(id));
  });
  pipe.onData((chunk) => {
    frames.push(chunk);
    if (ids.length === 0) return;
    const acks = Buffer.allocUnsafe(ids.length * ACK_BYTES);
    for (let i = 0; i < ids.length; i++) writeAck(acks, i * ACK_BYTES, ids[i]);
    ids = [];
    pipe.write(acks);
  });
}
var PipeChannel = class {
  #pipe;
  #style;
  #nextId = 0;
  #ackedId = 0;
  /** Called once per chunk with the number of acknowledgements in it. */
  #onAcks = () => {
  };
  constructor(pipe, style) {
    this.#pipe = pipe;
    this.#style = style;
    let count = 0;
    const frames = new LengthFrames((bytes, start) => {
      if (readU32(bytes, start) !== this.#ackedId) throw new Error("an acknowledgement came out of order");
      this.#ackedId = this.#ackedId + 1 >>> 0;
      count++;
    });
    pipe.onData((chunk) => {
      frames.push(chunk);
      const acks = count;
      count = 0;
      if (acks > 0) this.#onAcks(acks);
    });
  }
  flood(options) {
    const body = Buffer.alloc(options.bodyBytes, 97);
    const meter = new Meter(options);
    return new Promise((resolve) => {
      let inFlight = options.depth;
      this.#onAcks = (count) => {
        if (!meter.acknowledged(count)) this.#send(count, body);
        else if ((inFlight -= count) === 0) resolve(meter.result);
      };
      this.#send(options.depth, body);
    });
  }
  once() {
    return new Promise((resolve) => {
      this.#onAcks = () => resolve();
      this.#send(1, Buffer.alloc(100, 97));
    });
  }
  reset() {
    this.#pipe.reset();
  }
  #send(count, body) {
    if (this.#style === "plain") for (let i = 0; i < count; i++) this.#pipe.write(this.#frame(body));
    else if (body.length >= LARGE_BODY_BYTES) this.#sendLarge(count, body);
    else this.#sendTogether(count, body);
  }
  #sendLarge(count, body) {
    const rest = body.subarray(4);
    for (let i = 0; i < count; i++) {
      if (this.#pipe.writeBoth === void 0) {
        this.#pipe.write(this.#frame(body));
        continue;
      }
      const head = Buffer.allocUnsafe(8);
      writeU32(head, 0, body.length);
      writeU32(head, 4, this.#takeId());
      this.#pipe.writeBoth(head, rest);
    }
  }
  #sendTogether(count, body) {
    const frameBytes = 4 + body.length;
    const frames = Buffer.allocUnsafe(count * frameBytes);
    for (let i = 0, at = 0; i < count; i++, at += frameBytes) this.#frameInto(frames, at, body);
    this.#pipe.write(frames);
  }
  #frame(body) {
    const frame = Buffer.allocUnsafe(4 + body.length);
    this.#frameInto(frame, 0, body);
    return frame;
  }
  #frameInto(target, at, body) {
    writeU32(target, at, body.length);
    target.set(body, at + 4);
    writeU32(target, at + 4, this.#takeId());
  }
  #takeId() {
    const id = this.#nextId;
    this.#nextId = id + 1 >>> 0;
    return id;
  }
};
function ackOf(id) {
  const ack = Buffer.allocUnsafe(ACK_BYTES);
  writeAck(ack, 0, id);
  return ack;
}
function writeAck(target, at, id) {
  writeU32(target, at, 4);
  writeU32(target, at + 4, id);
}
function writeU32(target, at, value) {
  target[at] = value >>> 24;
  target[at + 1] = value >>> 16;
  target[at + 2] = value >>> 8;
  target[at + 3] = value;
}
function readU32(bytes, at) {
  return (bytes[at] << 24 | bytes[at + 1] << 16 | bytes[at + 2] << 8 | bytes[at + 3]) >>> 0;
}

export {
  LengthFrames,
  acknowledge,
  PipeChannel
};
//# sourceMappingURL=chunk-XFQWB2MK.js.map

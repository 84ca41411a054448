import {
  floodByCallbacks,
  floodByPromises
} from "./chunk-CJXNEPXA.js";
import "./chunk-73EJ2DZ7.js";

// stacks/mimir-frames.ts
import { FrameLink } from "@mimirjs/peer/frames";
import { tcp } from "@mimirjs/transport/tcp";
var SMALL = new Uint8Array(100);
function mimirFramesStack(style) {
  return {
    async serve() {
      const listener = await tcp().listen("tcp://127.0.0.1:0", {
        onStream: (stream) => {
          void new FrameLink(stream, {
            onRequest: (body) => {
              if (body.length === 0) throw new Error("a request without a body");
            }
          });
        }
      });
      return listener.address;
    },
    async connect(address) {
      const link = new FrameLink(await tcp().dial(address));
      return {
        flood(options) {
          const body = new Uint8Array(options.bodyBytes).fill(97);
          return style === "promises" ? floodByPromises(options, () => link.request(body)) : floodByCallbacks(options, (done) => link.send(body, done));
        },
        once: () => link.request(SMALL),
        reset: () => link.close()
      };
    }
  };
}
export {
  mimirFramesStack
};
//# sourceMappingURL=mimir-frames-CJZ6IUBN.js.map

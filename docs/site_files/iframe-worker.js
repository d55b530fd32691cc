// Browsers start no workers for pages that are files on disk. There, the search runs in a hidden frame instead.
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(address) {
      super();
      this.onmessage = null;
      this.frame = document.createElement("iframe");
      this.frame.hidden = true;
      document.body.append(this.frame);
      const inside = this.frame.contentWindow;
      inside.postMessage = (data) => {
        const event = new MessageEvent("message", { data });
        this.dispatchEvent(event);
        this.onmessage?.(event);
      };
      const script = inside.document.createElement("script");
      script.src = new URL(address, location.href);
      this.loaded = new Promise((resolve) => script.addEventListener("load", resolve));
      script.addEventListener("error", () => this.dispatchEvent(new Event("error")));
      inside.document.body.append(script);
    }

    postMessage(data) {
      this.loaded.then(() => {
        this.frame.contentWindow?.dispatchEvent(new MessageEvent("message", { data }));
      });
    }

    terminate() {
      this.frame.remove();
    }
  };
}

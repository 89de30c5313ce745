/* Files that are dropped or chosen (dashboard/components/upload.py): each is declared, then sent in slices that can be
   sent again. The component tells Dash which have arrived once none is on its way. */
(function () {
  "use strict";
  const components = (window.stratoscope = window.stratoscope || {});
  const make = (...parts) => window.React.createElement(...parts);
  const PAUSES = [500, 1000, 2000, 4000, 8000];
  const wait = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

  function size(bytes) {
    if (bytes < 1024) return bytes + " bytes";
    const large = bytes / 1048576;
    return large < 1 ? (bytes / 1024).toFixed(0) + " KB" : large.toFixed(large < 10 && large % 1 ? 1 : 0) + " MB";
  }

  class Failed extends Error {
    constructor(text, status) {
      super(text);
      this.status = status;
    }
  }

  async function ask(props, method, path, body, signal) {
    const headers = { [props.header]: "1" };
    if (typeof body === "string") headers["Content-Type"] = "application/json";
    const answer = await fetch(props.address + path, { method: method, headers: headers, body: body, signal: signal });
    if (answer.ok) return answer.status === 204 ? null : answer.json();
    const said = await answer.json().catch(() => ({}));
    throw new Failed(said.error || "The server answered with " + answer.status + ".", answer.status);
  }

  /* All bytes of a file; after a lost connection or a server that was busy it goes on where the server is. */
  async function send(props, file, entry, changed) {
    const signal = entry.stop.signal;
    const begun = await ask(props, "POST", "", JSON.stringify({ name: file.name, size: file.size }), signal);
    entry.id = begun.id;
    let at = 0, tries = 0;
    while (at < file.size) {
      try {
        const answer = await ask(props, "PUT", `/${entry.id}?at=${at}`, file.slice(at, at + props.slice), signal);
        at = answer.received;
        tries = 0;
      } catch (error) {
        if (signal.aborted || (error.status && error.status !== 409 && error.status < 500) || error.status === 507) throw error;
        if (tries === PAUSES.length) throw error.status ? error : new Failed("The server cannot be reached: try again.");
        await wait(PAUSES[tries++]);
        const there = await ask(props, "GET", `/${entry.id}`, undefined, signal).catch(() => null);
        if (there) at = there.received;
      }
      changed({ sent: at });
    }
  }

  /* The files in what was dropped, those in folders too. */
  async function dropped(transfer) {
    const entries = [...transfer.items].map((item) => item.webkitGetAsEntry && item.webkitGetAsEntry()).filter(Boolean);
    if (!entries.some((entry) => entry.isDirectory)) return { files: [...transfer.files], isFolder: false };
    const files = [];
    const walk = async (entry) => {
      if (entry.isFile) return files.push(await new Promise((done, failed) => entry.file(done, failed)));
      const reader = entry.createReader();
      for (;;) {
        const some = await new Promise((done, failed) => reader.readEntries(done, failed));
        if (!some.length) return undefined;
        for (const inner of some) await walk(inner);
      }
    };
    for (const entry of entries) await walk(entry);
    return { files: files, isFolder: true };
  }

  /* Files that are dropped beside a zone go into the one in sight, or to the page of imports: a browser would leave the
     workbench for them. */
  const zones = new Set();
  const inSight = () => [...zones].find((zone) => zone.place.current && zone.place.current.offsetParent);

  function toImports() {
    const tab = [...document.querySelectorAll("[role=tab]")].find((item) => item.textContent === "Import");
    if (location.pathname === "/data" && tab) return tab.click();
    window.history.pushState({}, "", "/data?tab=import");
    return window.dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
  }

  async function bring(found) {
    if (!inSight()) toImports();
    for (let tries = 0; !inSight() && tries < 200; tries++) await wait(100);
    if (inSight()) inSight().add(found.files, found.isFolder);
  }

  const hasFiles = (event) => event.dataTransfer && [...event.dataTransfer.types].includes("Files");
  document.addEventListener("dragover", (event) => hasFiles(event) && event.preventDefault());
  document.addEventListener("drop", (event) => {
    if (event.defaultPrevented || !hasFiles(event)) return;
    event.preventDefault();
    dropped(event.dataTransfer).then(bring);
  });

  components.UploadZone = class extends window.React.Component {
    constructor(props) {
      super(props);
      this.state = { entries: [], over: false, left: 0 };
      this.queue = Promise.resolve();
      this.files = window.React.createRef();
      this.folder = window.React.createRef();
      this.place = window.React.createRef();
    }

    /* Files that a link names may be there still. */
    async componentDidMount() {
      zones.add(this);
      const wanted = (this.props.value || "").split(",").filter(Boolean);
      const found = await Promise.all(wanted.map((id) => ask(this.props, "GET", "/" + id).catch(() => null)));
      const entries = found.filter((item) => item && item.received === item.size).map((item) => this.entry(item, item.id, "there"));
      if (entries.length) this.setState((now) => ({ entries: [...entries, ...now.entries] }));
      if (entries.length !== wanted.length) this.tell(entries);
    }

    componentWillUnmount() {
      zones.delete(this);
      this.state.entries.forEach((entry) => entry.stop.abort());
    }

    entry(file, id, status) {
      const key = id || String(Math.random());
      return { key: key, id: id, name: file.name, size: file.size, sent: 0, status: status, text: "", stop: new AbortController() };
    }

    tell(entries) {
      if (entries.some((entry) => entry.status === "waits" || entry.status === "sends")) return;
      const value = entries.filter((entry) => entry.status === "there").map((entry) => entry.id).join(",");
      if (value !== (this.props.value || "")) this.props.setProps({ value: value });
    }

    change(key, part) {
      this.setState((now) => ({ entries: now.entries.map((item) => (item.key === key ? { ...item, ...part } : item)) }), () =>
        part.status && this.tell(this.state.entries)
      );
    }

    add(files, isFolder) {
      const known = (file) => this.props.suffixes.some((suffix) => file.name.toLowerCase().endsWith(suffix));
      const all = isFolder ? files.filter(known) : files;
      const wanted = this.props.single ? all.slice(-1) : all;
      if (this.props.single && wanted.length) this.state.entries.forEach((entry) => this.remove(entry.key));
      const added = wanted.map((file) => [file, this.entry(file, "", "waits")]);
      this.setState((now) => ({ entries: [...now.entries, ...added.map(([, entry]) => entry)], left: files.length - all.length }));
      for (const [file, entry] of added) this.queue = this.queue.then(() => this.sent(file, entry));
    }

    async sent(file, entry) {
      if (entry.stop.signal.aborted) return;
      const limit = this.props.limit * 1048576;
      try {
        if (!file.size) throw new Failed(`${file.name} is empty.`);
        if (file.size > limit)
          throw new Failed(
            `${file.name} has ${size(file.size)}, more than the ${size(limit)} that a file may have: split it, import it with ` +
              "'stratoscope import', or raise server.upload_limit_mb in config.yaml."
          );
        this.change(entry.key, { status: "sends" });
        await send(this.props, file, entry, (part) => this.change(entry.key, part));
        this.change(entry.key, { status: "there", id: entry.id });
      } catch (error) {
        if (entry.stop.signal.aborted) return;
        if (entry.id) ask(this.props, "DELETE", "/" + entry.id).catch(() => null);
        const text = error instanceof Failed ? error.message : error instanceof TypeError
          ? "The file or the server cannot be reached: choose the file again." : String(error.message || error);
        this.change(entry.key, { status: "failed", text: text });
      }
    }

    remove(key) {
      const gone = this.state.entries.find((item) => item.key === key);
      gone.stop.abort();
      if (gone.id) ask(this.props, "DELETE", "/" + gone.id).catch(() => null);
      this.setState((now) => ({ entries: now.entries.filter((item) => item.key !== key) }), () => this.tell(this.state.entries));
    }

    chosen(event, isFolder) {
      this.add([...event.target.files], isFolder);
      event.target.value = "";
    }

    row(entry) {
      const share = entry.size ? Math.min(entry.sent / entry.size, 1) : 0;
      const said = {
        waits: "waits", there: size(entry.size), failed: entry.text,
        sends: `${size(entry.sent)} of ${size(entry.size)}`,
      }[entry.status];
      const bar = make("div", { className: "bar", role: "progressbar", "aria-label": entry.name,
        "aria-valuenow": Math.round(100 * share), "aria-valuemin": 0, "aria-valuemax": 100 },
        make("i", { style: { width: 100 * share + "%" } }));
      const remove = make("button", { type: "button", className: "icon-button", title: "Remove", "aria-label": "Remove " + entry.name,
        onClick: () => this.remove(entry.key) }, "\u00d7");
      return make("li", { key: entry.key, className: "upload upload-" + entry.status },
        make("span", { className: "upload-name", title: entry.name }, entry.name),
        make("span", { className: "upload-said" }, said), remove, entry.status === "sends" ? bar : null);
    }

    render() {
      const over = (event, isOver) => {
        event.preventDefault();
        if (isOver !== this.state.over) this.setState({ over: isOver });
      };
      const drop = async (event) => {
        over(event, false);
        const found = await dropped(event.dataTransfer);
        this.add(found.files, found.isFolder);
      };
      const single = this.props.single;
      const picker = (ref, isFolder) => make("input", { type: "file", multiple: !single, hidden: true, ref: ref, tabIndex: -1,
        "data-picks": isFolder ? "folder" : "files", onChange: (event) => this.chosen(event, isFolder),
        ...(isFolder ? { webkitdirectory: "" } : {}) });
      const button = (text, ref, kind) => make("button", { type: "button", className: "link-button " + kind, onClick: () => ref.current.click() }, text);
      const left = this.state.left ? `${this.state.left} other files of the folder are left out. ` : "";
      const failed = this.state.entries.filter((entry) => entry.status === "failed").length;
      return make("div", { id: this.props.id, className: "uploads", ref: this.place },
        make("div", { className: "drop-zone" + (this.state.over ? " is-over" : ""), onDragOver: (event) => over(event, true),
          onDragEnter: (event) => over(event, true), onDragLeave: (event) => over(event, false), onDrop: drop },
          make("p", null, make("b", null, single ? "Drop a file here" : "Drop files here"), " or ",
            button(single ? "choose one" : "choose files", this.files, "strong"),
            ...(single ? [] : [" or ", button("a folder", this.folder, "strong")])),
          make("p", { className: "hint" }, this.props.kinds + ", up to " + size(this.props.limit * 1048576) + (single ? "." : " each.")),
          picker(this.files, false), single ? null : picker(this.folder, true)),
        this.state.entries.length ? make("ul", { className: "upload-list" }, ...this.state.entries.map((entry) => this.row(entry))) : null,
        make("p", { className: "hint", role: "status", "aria-live": "polite" }, left + (failed ? `${failed} failed.` : "")));
    }
  };
})();

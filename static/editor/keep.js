// What has been made is kept in the browser, with its history, until the server
// has it: a reload, a lost network or a closed window lose nothing. Each window has
// a record of its own; that of one which is gone is taken over.

const days = 30; // that a record is kept
const store = "drafts";
const lockOf = (tab) => "editor " + tab;

// createKeep keeps records {version, saved, history} of what a person makes of a design.
export async function createKeep(design) {
  const tab = await claim();
  const key = [design, tab];
  const db = await open().catch(() => null);
  let next = null;
  let putting = null;
  addEventListener("pagehide", () => next && db && putNext());

  return {
    // find is this window's record, or the unsaved one of a window that is gone.
    async find() {
      if (!db) {
        return null;
      }
      await prune(db);
      const all = await done(db.transaction(store).objectStore(store).getAll(IDBKeyRange.bound([design], [design, []])));
      const alive = new Set((await navigator.locks?.query())?.held.map((lock) => lock.name));
      const mine = all.find((r) => r.key[1] === tab);
      const left = all.find((r) => !r.saved && r.key[1] !== tab && !alive.has(lockOf(r.key[1])));
      if (left && (!mine || mine.saved)) {
        const drafts = write(db); // one transaction: a power cut leaves it here or there
        drafts.put({ ...left, key });
        await done(drafts.delete(left.key));
        return left;
      }
      return mine ?? null;
    },

    // put keeps a record. Of many in quick succession the last counts.
    put(record) {
      next = record;
      return (putting ??= putAll());
    },

    async drop() {
      next = null;
      await putting;
      if (db) {
        await done(write(db).delete(key));
      }
    },
  };

  async function putAll() {
    try {
      while (next && db) {
        await putNext();
      }
    } finally {
      putting = null;
    }
  }

  // putNext commits at once: the page may be on its way out.
  function putNext() {
    const record = { ...next, key, at: Date.now() };
    next = null;
    const drafts = write(db);
    const request = drafts.put(record);
    drafts.transaction.commit();
    return done(request);
  }
}

// claim is the name of this window, which outlives its reloads. A window that was
// made as a copy of another one, with its name, gets its own.
async function claim() {
  const fresh = () => (sessionStorage.tab = crypto.getRandomValues(new Uint32Array(2)).join("-"));
  const tab = sessionStorage.tab ?? fresh();
  if (!navigator.locks || (await lock(tab))) {
    return tab;
  }
  const other = fresh();
  await lock(other);
  return other;
}

// lock holds a window's name until it is gone, and tells whether it has got it.
function lock(tab) {
  return new Promise((tell) => {
    const held = () => {
      tell(true);
      return new Promise(() => {});
    };
    navigator.locks.request(lockOf(tab), { signal: AbortSignal.timeout(1000) }, held).catch(() => tell(false));
  });
}

async function open() {
  const request = indexedDB.open("majestic", 1);
  request.onupgradeneeded = () => request.result.createObjectStore(store, { keyPath: "key" }).createIndex("at", "at");
  return done(request);
}

function write(db) {
  return db.transaction(store, "readwrite").objectStore(store);
}

async function prune(db) {
  const old = IDBKeyRange.upperBound(Date.now() - days * 864e5);
  for (const key of await done(db.transaction(store).objectStore(store).index("at").getAllKeys(old))) {
    await done(write(db).delete(key));
  }
}

function done(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

// What was on its way when the page went: enough to go on, and gone after a day as the server's part is. The browser cannot keep the file itself,
// so the person picks it again; its content decides whether it is the same (SHA-256). Its name is not kept: devices put patients' names into it.

const KEPT_MS = 24 * 3600 * 1000;
const name = (consultationId) => `huizhen.uploads.${consultationId}`;

function read(consultationId) {
  try {
    const known = JSON.parse(localStorage.getItem(name(consultationId)) ?? "[]");
    return Array.isArray(known) ? known.filter((one) => Date.now() - one.at < KEPT_MS) : [];
  } catch {
    return [];
  }
}

function write(consultationId, known) {
  try {
    if (known.length) localStorage.setItem(name(consultationId), JSON.stringify(known));
    else localStorage.removeItem(name(consultationId));
  } catch {
    // A browser that stores nothing: a reload begins anew, everything else goes on.
  }
}

/** [{id, kind, sha256, size, at}] of one consultation. */
export const remembered = read;

export function remember(consultationId, upload) {
  write(consultationId, [...read(consultationId).filter((one) => one.id !== upload.id), { ...upload, at: Date.now() }]);
}

export function forget(consultationId, id) {
  write(consultationId, read(consultationId).filter((one) => one.id !== id));
}

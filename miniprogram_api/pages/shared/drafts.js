// What was typed and not sent yet. It stays in this tab only (patients' data is not left behind in a phone) and goes when it has been sent.

/** `owner`: whose draft, so that nobody else who signs in finds it; several people's pages may share one browser tab's storage. */
export class Draft {
  constructor(name, owner) {
    this.place = `huizhen.draft.${location.pathname.split("/h5/")[0]}.${name}.${owner}`;
  }

  read() {
    try {
      return JSON.parse(sessionStorage.getItem(this.place)) ?? {};
    } catch {
      return {};
    }
  }

  keep(values) {
    try {
      sessionStorage.setItem(this.place, JSON.stringify(values));
    } catch {
      // Without storage the form itself still holds it.
    }
  }

  clear() {
    try {
      sessionStorage.removeItem(this.place);
    } catch {
      // Nothing was kept.
    }
  }
}

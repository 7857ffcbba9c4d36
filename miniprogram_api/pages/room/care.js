// 关怀版: larger letters and fewer choices, for whoever has it in the mini program's pages too.

const KEY = "huizhen.care";

/** Whether the letters are large on this page now. */
export const caring = () => document.documentElement.classList.contains("care");

function kept() {
  try {
    return localStorage.getItem(KEY) === "1";
  } catch {
    return false;
  }
}

/** At the entry: `elder`, what the account chose, wherever that was, or what was chosen on this device. */
export function showCare(elder = false) {
  document.documentElement.classList.toggle("care", Boolean(elder) || kept());
}

export function setCare(on) {
  try {
    localStorage.setItem(KEY, on ? "1" : "0");
  } catch {
    // Without storage it lasts as long as the page.
  }
  document.documentElement.classList.toggle("care", on);
}
